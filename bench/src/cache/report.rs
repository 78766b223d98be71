//! The report: Markdown tables that can be pasted into a document.

use std::fmt::Write as _;

use super::{
    cases::{Case, Measurement, Million, Results},
    servers::Server,
};
use crate::{
    stats::Spread,
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
        let rows = rows(results, *case);
        if !rows.is_empty() {
            let _ = writeln!(text, "\n### {}\n", case.title());
            tables::absolute(&mut text, &rows);
            tables::ratios(&mut text, Server::Tombolo.name(), &rows);
        }
    }
    million_table(&mut text, &results.million);
    text
}

/// A row for each server of a case, the rounds in their order.
fn rows(results: &Results, case: Case) -> Vec<Row<'_>> {
    let row = |server: &Server| {
        let of_both = |one: &&Measurement| one.case == case && one.server == *server;
        let mut rounds: Vec<&Measurement> = results.measurements.iter().filter(of_both).collect();
        rounds.sort_by_key(|one| one.round);
        let rounds = rounds.into_iter().map(|one| &one.figures).collect();
        Row { label: server.name().to_owned(), rounds }
    };
    let servers = <Server as clap::ValueEnum>::value_variants();
    servers.iter().map(row).filter(|row| !row.rounds.is_empty()).collect()
}

fn million_table(text: &mut String, million: &[Million]) {
    let Some(first) = million.first() else { return };
    let _ = writeln!(text, "\n### {}\n", Case::Million.title());
    let _ = writeln!(text, "| {} stored responses | median | range |", first.objects);
    let _ = writeln!(text, "|---|---:|---:|");
    type Line = (&'static str, fn(&Million) -> f64, usize);
    const MIB: f64 = 1024.0 * 1024.0;
    let lines: [Line; 5] = [
        ("start to first hit, ms", |one| one.first_hit_ms, 1),
        ("empty directory: start to first answer, ms", |one| one.first_answer_empty_ms, 1),
        ("resident, MiB", |one| one.resident_full as f64 / MIB, 1),
        ("empty directory: resident, MiB", |one| one.resident_empty as f64 / MIB, 1),
        ("resident for each response, bytes", Million::bytes_per_object, 0),
    ];
    for (name, value, decimals) in lines {
        let values: Vec<f64> = million.iter().map(value).collect();
        if let Some(s) = Spread::of(&values) {
            let _ = writeln!(
                text,
                "| {name} | {:.decimals$} | {:.decimals$}-{:.decimals$} |",
                s.median, s.min, s.max
            );
        }
    }
}
