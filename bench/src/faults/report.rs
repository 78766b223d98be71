//! What came of it, as Markdown.

use std::time::Duration;

use super::{
    Minute,
    client::{How, Seen},
    seconds,
    trouble::{Fault, faults},
};

/// A second is normal again when its 99th percentile is at most so many times the usual one ...
const NORMAL_TIMES: f64 = 2.0;
/// ... or no more than this above it.
const NORMAL_ABOVE: Duration = Duration::from_millis(20);
/// After the end of a fault: what still belongs to it.
const AFTERMATH: Duration = Duration::from_secs(4);

/// Prints the tables.
pub(crate) fn print(minutes: &[Minute]) {
    println!("\n### The whole minute\n");
    println!(
        "| balancer | checked requests | failed | of them: no answer, 5xx, wrong | cut in part | \
         p50 ms | p99 ms | longest ms | wrk: requests | wrk: failed |"
    );
    println!("|---|---:|---:|---|---:|---:|---:|---:|---:|---|");
    for minute in minutes {
        let seen = &minute.seen;
        let count = |test: fn(&How) -> bool| seen.iter().filter(|seen| test(&seen.how)).count();
        let nothing = count(|how| *how == How::Nothing);
        let status = count(|how| matches!(how, How::Status(_)));
        let wrong = count(|how| *how == How::Wrong);
        println!(
            "| {} | {} | {} | {nothing}, {status}, {wrong} | {} | {} | {} | {} | {} | {} |",
            minute.balancer.name(),
            seen.len(),
            nothing + status + wrong,
            count(|how| *how == How::Cut),
            millis(percentile(seen.iter(), 50)),
            millis(percentile(seen.iter(), 99)),
            millis(percentile(seen.iter(), 100)),
            minute.load.requests,
            minute.load.failures().unwrap_or_else(|| "0".to_owned()),
        );
    }
    for fault in faults() {
        print_fault(minutes, &fault);
    }
    println!();
    for minute in minutes {
        let verdict = verdict(&minute.seen, minute.load.failures().as_deref());
        println!("{}: {verdict}", minute.balancer.name());
    }
}

/// Whether the minute was what the documents promise: no request failed, and while a replica was stopped
/// no answer took a second.
fn verdict(seen: &[Seen], load_failed: Option<&str>) -> String {
    let failed = seen.iter().filter(|one| !matches!(one.how, How::Right | How::Cut)).count();
    let stopped = faults().into_iter().find(|fault| fault.name.starts_with("stopped"));
    let longest = stopped.map_or(Duration::ZERO, |fault| {
        let within = |one: &&Seen| one.at >= fault.begin && one.at < fault.end + AFTERMATH;
        percentile(seen.iter().filter(within), 100)
    });
    let is_kept = failed == 0 && load_failed.is_none() && longest < Duration::from_secs(1);
    let word = if is_kept { "kept" } else { "NOT KEPT" };
    format!(
        "promise {word}: {failed} checked requests failed, of wrk {}; longest while stopped {} ms (below 1000)",
        load_failed.unwrap_or("0"),
        millis(longest),
    )
}

fn print_fault(minutes: &[Minute], fault: &Fault) {
    println!("\n### A replica {}\n", fault.name);
    println!(
        "| balancer | failed | p99 ms in the first 3 s | then, until its return | longest ms | p99 normal after |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    for minute in minutes {
        let seen = || {
            let until = fault.end + AFTERMATH;
            minute.seen.iter().filter(move |seen| seen.at >= fault.begin && seen.at < until)
        };
        let failed = seen().filter(|seen| !matches!(seen.how, How::Right | How::Cut)).count();
        let early = fault.begin + Duration::from_secs(3);
        println!(
            "| {} | {failed} | {} | {} | {} | {} |",
            minute.balancer.name(),
            millis(percentile(seen().filter(|seen| seen.at < early), 99)),
            millis(percentile(seen().filter(|seen| seen.at >= early && seen.at < fault.end), 99)),
            millis(percentile(seen(), 100)),
            recovery(&minute.seen, fault),
        );
    }
}

/// How long after the begin of a fault the percentile is normal and stays so while it lasts, to
/// half a second.
fn recovery(seen: &[Seen], fault: &Fault) -> String {
    let first = faults().first().map_or(Duration::ZERO, |first| first.begin);
    let usual = percentile(seen.iter().filter(|seen| seen.at < first), 99);
    let bound = usual.mul_f64(NORMAL_TIMES).max(usual + NORMAL_ABOVE);
    let slice = Duration::from_millis(500);
    let mut since = fault.begin;
    let mut normal = None;
    while since < fault.end {
        let within = seen.iter().filter(|seen| seen.at >= since && seen.at < since + slice);
        let is_normal = percentile(within, 99) <= bound;
        normal = if is_normal { normal.or(Some(since)) } else { None };
        since += slice;
    }
    match normal {
        Some(at) => format!("{:.1} s", seconds(at - fault.begin)),
        None => "not while it lasts".to_owned(),
    }
}

/// The time that so many in a hundred of the requests took at most.
fn percentile<'s>(seen: impl Iterator<Item = &'s Seen>, percent: usize) -> Duration {
    let mut took: Vec<Duration> = seen.map(|seen| seen.took).collect();
    took.sort_unstable();
    let rank = (took.len() * percent).div_ceil(100);
    took.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at_ms: u64, took_ms: u64) -> Seen {
        let how = How::Right;
        Seen { at: Duration::from_millis(at_ms), took: Duration::from_millis(took_ms), how }
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let all: Vec<Seen> = (1..=200).map(|n| seen(0, n)).collect();
        assert_eq!(percentile(all.iter(), 99), Duration::from_millis(198));
        assert_eq!(percentile(all.iter(), 100), Duration::from_millis(200));
        assert_eq!(percentile([].iter(), 99), Duration::ZERO);
    }

    #[test]
    fn the_promise_is_about_failures_and_the_stopped_replica() {
        let stopped = u64::try_from(faults()[1].begin.as_millis()).unwrap();
        let mut all = vec![seen(stopped + 10, 400), seen(0, 5000)];
        assert_eq!(
            verdict(&all, None),
            "promise kept: 0 checked requests failed, of wrk 0; longest while stopped 400.0 ms (below 1000)"
        );
        assert!(verdict(&all, Some("3 timeouts")).starts_with("promise NOT KEPT"));
        all.push(seen(stopped + 10, 1000));
        assert!(verdict(&all, None).starts_with("promise NOT KEPT"));
        let how = How::Status(500);
        all = vec![Seen { at: Duration::ZERO, took: Duration::ZERO, how }];
        assert!(verdict(&all, None).starts_with("promise NOT KEPT: 1 checked"));
    }

    #[test]
    fn normal_is_what_stays_normal() {
        let fault = &faults()[0];
        let begin = u64::try_from(fault.begin.as_millis()).unwrap();
        let mut all: Vec<Seen> = (0..60_000).step_by(20).map(|at| seen(at, 2)).collect();
        all.push(seen(begin + 10, 900));
        all.push(seen(begin + 1_600, 900));
        assert_eq!(recovery(&all, fault), "2.0 s");
        assert_eq!(recovery(&all[..3000], fault), "0.0 s");
    }
}
