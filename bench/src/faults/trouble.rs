//! Which fault when. Between two faults there is time to be well again.

use std::time::Duration;

/// What is done to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// kill -9
    Kill,
    /// Started again where it was
    Start,
    /// SIGSTOP: it is there and does not answer
    Stop,
    /// SIGCONT
    Continue,
    /// Each answer takes a second
    Slow,
    /// Each answer is 500
    Fail,
    /// It answers as it should
    Behave,
}

/// A moment of the schedule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) at: Duration,
    pub(crate) replica: usize,
    pub(crate) what: What,
}

const fn step(seconds: u64, replica: usize, what: What) -> Step {
    Step { at: Duration::from_secs(seconds), replica, what }
}

/// The minute.
pub(crate) const WHOLE: Duration = Duration::from_secs(60);

/// What happens in it. The first seconds show what is normal.
pub(crate) const SCHEDULE: [Step; 8] = [
    step(6, 0, What::Kill),
    step(13, 0, What::Start),
    step(20, 1, What::Stop),
    step(27, 1, What::Continue),
    step(34, 2, What::Slow),
    step(41, 2, What::Behave),
    step(47, 0, What::Fail),
    step(54, 0, What::Behave),
];

/// A fault from its begin to its end.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) begin: Duration,
    pub(crate) end: Duration,
}

/// The faults of the schedule.
pub(crate) fn faults() -> Vec<Fault> {
    SCHEDULE
        .chunks(2)
        .filter_map(|pair| {
            let [begin, end] = pair else { return None };
            let name = match begin.what {
                What::Kill => "killed (-9), started again",
                What::Stop => "stopped (SIGSTOP), continued",
                What::Slow => "slow (1 s), well again",
                _ => "fails (500), well again",
            };
            Some(Fault { name, begin: begin.at, end: end.at })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_ends_before_the_next_begins() {
        let faults = faults();
        assert_eq!(faults.len(), 4);
        for pair in faults.windows(2) {
            assert!(pair[0].begin < pair[0].end && pair[0].end < pair[1].begin);
        }
        assert!(faults[3].end < WHOLE);
        for pair in SCHEDULE.chunks(2) {
            assert_eq!(pair[0].replica, pair[1].replica);
        }
    }
}
