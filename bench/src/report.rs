//! The report: Markdown tables that can be pasted into a document.

use std::fmt::Write as _;

use crate::{
    cases::{Case, Measurement, Results},
    servers::Server,
    stats::Spread,
};

/// All tables.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Command: `cargo xtask bench {}`\n", results.command);
    for line in &results.machine {
        let _ = writeln!(text, "- {line}");
    }
    if let Some(note) = held_back(&results.measurements) {
        let _ = writeln!(text, "- {note}");
    }
    for case in <Case as clap::ValueEnum>::value_variants() {
        let of_case: Vec<&Measurement> =
            results.measurements.iter().filter(|one| one.case == *case).collect();
        if *case == Case::Idle {
            idle_table(&mut text, results);
        } else if *case == Case::Soak {
            soak_table(&mut text, results);
        } else if !of_case.is_empty() {
            let _ = writeln!(text, "\n### {}\n", case.title());
            absolute_table(&mut text, &of_case);
            if *case == Case::Scaling {
                scaling_line(&mut text, &of_case);
            } else {
                ratio_table(&mut text, &of_case);
            }
        }
    }
    text
}

/// A server that used less of its core than this was held back by something else.
const BUSY_ENOUGH: f64 = 0.9;

/// A warning where requests per second say less about the servers than about what held them back.
fn held_back(measurements: &[Measurement]) -> Option<String> {
    let idle = measurements.iter().filter(|one| one.busy < BUSY_ENOUGH).count();
    (idle > 0).then(|| {
        format!(
            "In {idle} of {} measurements the server used less than {:.0} % of its core: the load, \
             the origin or other programs held it back. There, compare CPU time instead of rates.",
            measurements.len(),
            BUSY_ENOUGH * 100.0
        )
    })
}

/// The servers (with their workers) of a case, in the order of the enumeration.
fn subjects(of_case: &[&Measurement]) -> Vec<(Server, usize)> {
    let mut subjects: Vec<_> = of_case.iter().map(|one| (one.server, one.workers)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

/// One value of each round, in the order of the rounds.
fn values(
    of_case: &[&Measurement],
    (server, workers): (Server, usize),
    value: fn(&Measurement) -> f64,
) -> Vec<f64> {
    let mut rounds: Vec<_> = of_case
        .iter()
        .filter(|one| one.server == server && one.workers == workers)
        .map(|one| (one.round, value(one)))
        .collect();
    rounds.sort_by_key(|(round, _)| *round);
    rounds.into_iter().map(|(_, value)| value).collect()
}

/// A column: its heading, its value, its decimals.
type Column = (&'static str, fn(&Measurement) -> f64, usize);

const COLUMNS: [Column; 9] = [
    ("requests/s", |one| one.requests_per_second, 0),
    ("user us", |one| one.user_us_per_request, 2),
    ("system us", |one| one.system_us_per_request, 2),
    ("CPU us", Measurement::cpu_us_per_request, 2),
    ("p50 ms", |one| one.p50_us as f64 / 1e3, 2),
    ("p99 ms", |one| one.p99_us as f64 / 1e3, 2),
    ("MB/s", |one| one.megabytes_per_second, 0),
    ("CPU s/GB", |one| one.cpu_seconds_per_gigabyte, 3),
    ("busy %", |one| one.busy * 100.0, 0),
];

fn absolute_table(text: &mut String, of_case: &[&Measurement]) {
    let headings: Vec<&str> = COLUMNS.iter().map(|(heading, ..)| *heading).collect();
    let _ = writeln!(text, "| server | {} |", headings.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(COLUMNS.len()));
    for subject in subjects(of_case) {
        let _ = write!(text, "| {} |", label(subject));
        for (_, value, decimals) in COLUMNS {
            let median = Spread::of(&values(of_case, subject, value)).map_or(0.0, |s| s.median);
            let _ = write!(text, " {median:.decimals$} |");
        }
        text.push('\n');
    }
}

/// What a comparison is about.
const RATIOS: [Column; 5] = [
    ("requests/s", |one| one.requests_per_second, 2),
    ("user time", |one| one.user_us_per_request, 2),
    ("CPU time", Measurement::cpu_us_per_request, 2),
    ("MB per CPU second", |one| 1.0 / one.cpu_seconds_per_gigabyte, 2),
    ("p99", |one| one.p99_us as f64, 2),
];

fn ratio_table(text: &mut String, of_case: &[&Measurement]) {
    let ours = (Server::Tombolo, 1);
    let subjects = subjects(of_case);
    if !subjects.contains(&ours) {
        return;
    }
    let headings: Vec<&str> = RATIOS.iter().map(|(heading, ..)| *heading).collect();
    let _ = writeln!(text, "\n| Tombolo / | {} |", headings.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(RATIOS.len()));
    for rival in subjects.into_iter().filter(|subject| *subject != ours) {
        let _ = write!(text, "| {} |", label(rival));
        for (_, value, decimals) in RATIOS {
            let ours = values(of_case, ours, value);
            let theirs = values(of_case, rival, value);
            let _ = write!(text, " {} |", ratio(&ours, &theirs, decimals));
        }
        text.push('\n');
    }
}

fn ratio(ours: &[f64], theirs: &[f64], decimals: usize) -> String {
    Spread::of_ratios(ours, theirs).map_or_else(
        || "-".to_owned(),
        |s| format!("{:.decimals$} ({:.decimals$}-{:.decimals$})", s.median, s.min, s.max),
    )
}

fn scaling_line(text: &mut String, of_case: &[&Measurement]) {
    let rate: fn(&Measurement) -> f64 = |one| one.requests_per_second;
    let two = values(of_case, (Server::Tombolo, 2), rate);
    let one = values(of_case, (Server::Tombolo, 1), rate);
    let _ = writeln!(text, "\nTwo workers / one worker, requests/s: {}.", ratio(&two, &one, 2));
}

fn idle_table(text: &mut String, results: &Results) {
    if results.idle.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n### {}\n", Case::Idle.title());
    let _ = writeln!(text, "| server | connections | resident before | after | KiB each |");
    let _ = writeln!(text, "|---|---:|---:|---:|---:|");
    for one in &results.idle {
        let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} MiB | {:.1} MiB | {:.2} |",
            one.server.name(),
            one.connections,
            mib(one.resident_before),
            mib(one.resident_after),
            one.bytes_per_connection() / 1024.0,
        );
    }
}

/// The first slice fills pools and buffers; growth after it is what a leak would look like.
fn soak_table(text: &mut String, results: &Results) {
    if results.soak.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n### {}\n", Case::Soak.title());
    let _ =
        writeln!(text, "| server | requests | minutes | first slice | half-way | last | most |");
    let _ = writeln!(text, "|---|---:|---:|---:|---:|---:|---:|");
    for one in &results.soak {
        let seconds = one.resident.len() as f64 * f64::from(one.slice_seconds);
        let mib = |bytes: Option<&u64>| {
            format!("{:.1} MiB", bytes.copied().unwrap_or_default() as f64 / 1024.0 / 1024.0)
        };
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {} | {} | {} | {} |",
            one.server.name(),
            one.requests,
            seconds / 60.0,
            mib(one.resident.first()),
            mib(one.resident.get(one.resident.len() / 2)),
            mib(one.resident.last()),
            mib(one.resident.iter().max()),
        );
    }
}

fn label((server, workers): (Server, usize)) -> String {
    match workers {
        1 => server.name().to_owned(),
        more => format!("{}, {more} workers", server.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(server: Server, round: u32, rate: f64) -> Measurement {
        Measurement {
            case: Case::Plain,
            server,
            workers: 1,
            round,
            requests: 1,
            requests_per_second: rate,
            user_us_per_request: 1.0,
            system_us_per_request: 2.0,
            p50_us: 1500,
            p99_us: 2500,
            megabytes_per_second: 3.0,
            cpu_seconds_per_gigabyte: 4.0,
            busy: 1.0,
        }
    }

    #[test]
    fn ratios_pair_the_rounds() {
        let results = Results {
            command: "proxy".to_owned(),
            machine: vec!["Machine: a.".to_owned()],
            measurements: vec![
                measured(Server::Tombolo, 1, 20.0),
                measured(Server::Nginx, 1, 10.0),
                measured(Server::Nginx, 2, 40.0),
                measured(Server::Tombolo, 2, 80.0),
            ],
            idle: Vec::new(),
            soak: Vec::new(),
        };
        let text = markdown(&results);
        assert!(text.contains("| nginx | 2.00 (2.00-2.00) | 1.00 (1.00-1.00) |"), "{text}");
        assert!(text.contains("| Tombolo | 50 | 1.00 | 2.00 | 3.00 | 1.50 | 2.50 |"), "{text}");
    }
}
