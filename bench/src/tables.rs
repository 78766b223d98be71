//! Tables of figures: absolute ones as medians over the rounds, and ratios taken within a round.

use std::fmt::Write as _;

use crate::{figures::Figures, stats::Spread};

/// A row: what was measured, and its figures in the order of the rounds.
pub(crate) struct Row<'a> {
    pub(crate) label: String,
    pub(crate) rounds: Vec<&'a Figures>,
}

impl Row<'_> {
    /// One value of each round.
    pub(crate) fn values(&self, value: fn(&Figures) -> f64) -> Vec<f64> {
        self.rounds.iter().map(|one| value(one)).collect()
    }
}

/// A column: its heading, its value, its decimals.
type Column = (&'static str, fn(&Figures) -> f64, usize);

const COLUMNS: [Column; 9] = [
    ("requests/s", |one| one.requests_per_second, 0),
    ("user us", |one| one.user_us_per_request, 2),
    ("system us", |one| one.system_us_per_request, 2),
    ("CPU us", Figures::cpu_us_per_request, 2),
    ("p50 ms", |one| one.p50_us as f64 / 1e3, 2),
    ("p99 ms", |one| one.p99_us as f64 / 1e3, 2),
    ("MB/s", |one| one.megabytes_per_second, 0),
    ("CPU s/GB", |one| one.cpu_seconds_per_gigabyte, 3),
    ("busy %", |one| one.busy * 100.0, 0),
];

/// Medians over the rounds.
pub(crate) fn absolute(text: &mut String, rows: &[Row<'_>]) {
    let headings: Vec<&str> = COLUMNS.iter().map(|(heading, ..)| *heading).collect();
    let _ = writeln!(text, "| server | {} |", headings.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(COLUMNS.len()));
    for row in rows {
        let _ = write!(text, "| {} |", row.label);
        for (_, value, decimals) in COLUMNS {
            let median = Spread::of(&row.values(value)).map_or(0.0, |s| s.median);
            let _ = write!(text, " {median:.decimals$} |");
        }
        text.push('\n');
    }
}

/// What a comparison is about.
const RATIOS: [Column; 5] = [
    ("requests/s", |one| one.requests_per_second, 2),
    ("user time", |one| one.user_us_per_request, 2),
    ("CPU time", Figures::cpu_us_per_request, 2),
    ("MB per CPU second", |one| 1.0 / one.cpu_seconds_per_gigabyte, 2),
    ("p99", |one| one.p99_us as f64, 2),
];

/// The row labelled `ours` divided by each other one, round by round; nothing when it is missing
/// or alone.
pub(crate) fn ratios(text: &mut String, ours: &str, rows: &[Row<'_>]) {
    let Some(own) = rows.iter().find(|row| row.label == ours) else { return };
    if rows.len() == 1 {
        return;
    }
    let headings: Vec<&str> = RATIOS.iter().map(|(heading, ..)| *heading).collect();
    let _ = writeln!(text, "\n| {ours} / | {} |", headings.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(RATIOS.len()));
    for rival in rows.iter().filter(|row| row.label != ours) {
        let _ = write!(text, "| {} |", rival.label);
        for (_, value, decimals) in RATIOS {
            let said = ratio(&own.values(value), &rival.values(value), decimals);
            let _ = write!(text, " {said} |");
        }
        text.push('\n');
    }
}

/// Median, smallest and largest of the ratios of values that were measured in the same round.
pub(crate) fn ratio(ours: &[f64], theirs: &[f64], decimals: usize) -> String {
    Spread::of_ratios(ours, theirs).map_or_else(
        || "-".to_owned(),
        |s| format!("{:.decimals$} ({:.decimals$}-{:.decimals$})", s.median, s.min, s.max),
    )
}

/// A server that used less of its core than this was held back by something else.
const BUSY_ENOUGH: f64 = 0.9;

/// A warning where requests per second say less about the servers than about what held them back.
pub(crate) fn held_back<'a>(measured: impl Iterator<Item = &'a Figures>) -> Option<String> {
    let (mut idle, mut all) = (0, 0);
    for one in measured {
        all += 1;
        idle += u32::from(one.busy < BUSY_ENOUGH);
    }
    (idle > 0).then(|| {
        format!(
            "In {idle} of {all} measurements the server used less than {:.0} % of its core: the load, \
             the origin or other programs held it back. There, compare CPU time instead of rates.",
            BUSY_ENOUGH * 100.0
        )
    })
}
