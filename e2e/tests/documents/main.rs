//! The documents and the program name the same things: commands, flags, metrics, members of JSON,
//! fields of the log, endpoints, environment variables, statuses. Each is compared both ways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod access_log;
mod admin_api;
mod command_line;
mod environment;
mod limits;
mod metrics;
mod statuses;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The names of one kind.
type Names = BTreeSet<String>;

/// The root of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file of the project.
fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below a folder of the project with such an ending, and its text.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|one| one == ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The documents that users read.
fn documents() -> Vec<(PathBuf, String)> {
    let mut all = files("docs", "md");
    for path in ["README.md", "SECURITY.md", "examples/README.md"] {
        all.push((path.into(), text(path)));
    }
    all
}

/// A document from this heading to the next one of the same or a higher level.
fn section(document: &str, heading: &str) -> String {
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let mut lines = document.lines().skip_while(|line| *line != heading);
    let first = lines.next().unwrap_or_else(|| panic!("no heading {heading}"));
    let mut fenced = false;
    let inside = lines.take_while(|line| {
        fenced ^= line.starts_with("```");
        let of = line.bytes().take_while(|byte| *byte == b'#').count();
        fenced || of == 0 || of > level
    });
    std::iter::once(first).chain(inside).collect::<Vec<_>>().join("\n")
}

/// The cells of the rows of all tables in a text, without their heads.
fn rows(text: &str) -> Vec<Vec<String>> {
    let is_row = |line: &&str| line.starts_with('|');
    let cells = |line: &str| {
        let inner = line.trim().trim_matches('|').replace("\\|", "\u{1}");
        inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect::<Vec<_>>()
    };
    let lines: Vec<&str> = text.lines().filter(is_row).collect();
    let is_rule = |line: &str| line.starts_with("|-");
    let heads = |place: usize| lines.get(place + 1).is_some_and(|next| is_rule(next));
    let kept = lines.iter().enumerate().filter(|(place, line)| !is_rule(line) && !heads(*place));
    kept.map(|(_, line)| cells(line)).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Fails the test unless both have the same names.
fn compare(what: &str, documented: &Names, there: &Names) {
    let missing: Vec<_> = there.difference(documented).collect();
    let invented: Vec<_> = documented.difference(there).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "{what}: not in the documents: {missing:?}; in the documents only: {invented:?}"
    );
}
