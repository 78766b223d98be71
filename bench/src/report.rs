//! The report: Markdown tables that can be pasted into a document.

use std::fmt::Write as _;

use crate::{
    cases::{Case, Measurement, Results},
    servers::Server,
    tables::{self, Row},
};

/// All tables.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Command: `cargo xtask bench {}`\n", results.command);
    for line in &results.machine {
        let _ = writeln!(text, "- {line}");
    }
    if let Some(note) = tables::held_back(results.measurements.iter().map(|one| &one.figures)) {
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
            let rows = rows(&of_case);
            tables::absolute(&mut text, &rows);
            if *case == Case::Scaling {
                scaling_line(&mut text, &rows);
            } else {
                tables::ratios(&mut text, Server::Tombolo.name(), &rows);
            }
        }
    }
    text
}

/// The servers (with their workers) of a case, in the order of the enumeration.
fn subjects(of_case: &[&Measurement]) -> Vec<(Server, usize)> {
    let mut subjects: Vec<_> = of_case.iter().map(|one| (one.server, one.workers)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

/// A row for each, the rounds in their order.
fn rows<'a>(of_case: &[&'a Measurement]) -> Vec<Row<'a>> {
    let row = |(server, workers)| {
        let mut rounds: Vec<_> = of_case
            .iter()
            .filter(|one| one.server == server && one.workers == workers)
            .map(|one| (one.round, &one.figures))
            .collect();
        rounds.sort_by_key(|(round, _)| *round);
        let rounds = rounds.into_iter().map(|(_, figures)| figures).collect();
        Row { label: label((server, workers)), rounds }
    };
    subjects(of_case).into_iter().map(row).collect()
}

fn scaling_line(text: &mut String, rows: &[Row<'_>]) {
    let rates = |workers| {
        let wanted = label((Server::Tombolo, workers));
        let row = rows.iter().find(|row| row.label == wanted);
        row.map(|row| row.values(|one| one.requests_per_second)).unwrap_or_default()
    };
    let ratio = tables::ratio(&rates(2), &rates(1), 2);
    let _ = writeln!(text, "\nTwo workers / one worker, requests/s: {ratio}.");
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
    use crate::figures::Figures;

    fn measured(server: Server, round: u32, rate: f64) -> Measurement {
        Measurement {
            case: Case::Plain,
            server,
            workers: 1,
            round,
            figures: Figures {
                requests: 1,
                requests_per_second: rate,
                user_us_per_request: 1.0,
                system_us_per_request: 2.0,
                p50_us: 1500,
                p99_us: 2500,
                megabytes_per_second: 3.0,
                cpu_seconds_per_gigabyte: 4.0,
                busy: 1.0,
            },
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
