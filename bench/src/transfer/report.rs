//! The tables: for each case the medians over the rounds, and ratios taken within a round.

use super::{Arguments, Case, Floor, Round, SMALL_BYTES, servers::Side};
use crate::{stats::Spread, tables::ratio};

impl Round {
    fn seconds_per_gigabyte(&self) -> f64 {
        (self.service_seconds + self.gateway_seconds) * 1e9 / self.bytes
    }

    fn bytes_per_cpu_second(&self) -> f64 {
        self.bytes / (self.service_seconds + self.gateway_seconds)
    }
}

/// A column: its heading, its value, its decimals.
type Column = (&'static str, fn(&Round) -> f64, usize);

const LARGE: [Column; 6] = [
    ("MB/s", |one| one.bytes_per_second / 1e6, 0),
    ("CPU s/GB", Round::seconds_per_gigabyte, 3),
    ("of it the service", |one| one.service_seconds * 1e9 / one.bytes, 3),
    ("p50 ms", |one| one.p50_ms, 0),
    ("p99 ms", |one| one.p99_ms, 0),
    ("memory MiB", |one| one.resident_bytes / 1_048_576.0, 0),
];

const SMALL: [Column; 5] = [
    ("files/s", |one| one.files_per_second, 0),
    ("CPU µs each", |one| one.seconds_per_gigabyte() * SMALL_BYTES as f64 / 1e3, 0),
    ("p50 ms", |one| one.p50_ms, 1),
    ("p99 ms", |one| one.p99_ms, 1),
    ("memory MiB", |one| one.resident_bytes / 1_048_576.0, 0),
];

/// The line to watch while the run goes on.
pub(super) fn progress(round: &Round) -> String {
    format!(
        "{:28} {:8} {:7.0} files/s {:6.0} MB/s {:7.3} CPU s/GB",
        round.side.name(),
        format!("{:?}", round.case),
        round.files_per_second,
        round.bytes_per_second / 1e6,
        round.seconds_per_gigabyte(),
    )
}

pub(super) fn print(arguments: &Arguments, sides: &[Side], rounds: &[Round], floors: &[Floor]) {
    for case in &arguments.only {
        let (connections, megabytes) = (arguments.connections, arguments.megabytes);
        let small = arguments.small_connections;
        match case {
            Case::Upload => println!("\n## Uploads of {megabytes} MB, {connections} at once\n"),
            Case::Small => println!("\n## New files of {SMALL_BYTES} bytes, {small} at once\n"),
            Case::Download => println!("\n## Downloads of {megabytes} MB, {connections} at once\n"),
        }
        let of_case: Vec<&Round> = rounds.iter().filter(|round| round.case == *case).collect();
        let sides: Vec<Side> = sides.iter().copied().filter(|side| side.does(*case)).collect();
        absolute(*case, &sides, &of_case);
        ratios(*case, &sides, &of_case);
        floor(*case, floors);
    }
}

fn values(side: Side, rounds: &[&Round], value: fn(&Round) -> f64) -> Vec<f64> {
    rounds.iter().filter(|round| round.side == side).map(|round| value(round)).collect()
}

fn absolute(case: Case, sides: &[Side], rounds: &[&Round]) {
    let columns: &[Column] = if case == Case::Small { &SMALL } else { &LARGE };
    let headings: Vec<&str> = columns.iter().map(|(heading, ..)| *heading).collect();
    let (word, line) =
        if case == Case::Download { ("", "") } else { (" a stored file survives |", "---|") };
    println!("| server | {} |{word}", headings.join(" | "));
    println!("|---|{}{line}", "---:|".repeat(columns.len()));
    for side in sides {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, value, decimals)| {
                Spread::of(&values(*side, rounds, *value)).map_or("-".to_owned(), |spread| {
                    format!("{:.decimals$}", spread.median, decimals = decimals)
                })
            })
            .collect();
        let survives = if case == Case::Download {
            String::new()
        } else {
            format!(" {} |", side.durability())
        };
        println!("| {} | {} |{survives}", side.name(), cells.join(" | "));
    }
}

/// Each of ours to each other one that is asked in the same way.
fn ratios(case: Case, sides: &[Side], rounds: &[&Round]) {
    let (heading, rate): (&str, fn(&Round) -> f64) = match case {
        Case::Small => ("files/s", |one| one.files_per_second),
        Case::Upload | Case::Download => ("MB/s", |one| one.bytes_per_second),
    };
    println!("\n| ratio | {heading} | MB per CPU second |\n|---|---:|---:|");
    for ours in sides.iter().filter(|side| side.is_ours()) {
        let others = sides.iter().filter(|side| !side.is_ours());
        for theirs in others.filter(|side| side.has_gateway() == ours.has_gateway()) {
            let said = |value: fn(&Round) -> f64| {
                ratio(&values(*ours, rounds, value), &values(*theirs, rounds, value), 2)
            };
            println!(
                "| {} / {} | {} | {} |",
                ours.name(),
                theirs.name(),
                said(rate),
                said(Round::bytes_per_cpu_second)
            );
        }
    }
}

/// What no server that does the same can be better than.
fn floor(case: Case, floors: &[Floor]) {
    let median = |value: fn(&Floor) -> f64| {
        let values: Vec<f64> = floors.iter().map(value).collect();
        Spread::of(&values).map_or(0.0, |spread| spread.median)
    };
    match case {
        Case::Upload => println!(
            "\nThe SHA-256 alone, which only Tombolo computes: {:.3} CPU s/GB.",
            median(|floor| floor.sha256_seconds)
        ),
        Case::Small => println!(
            "\nThe disk alone, a new file and its fdatasync, by as many threads: {:.0} files/s.",
            median(|floor| floor.synced_files)
        ),
        Case::Download => {}
    }
}
