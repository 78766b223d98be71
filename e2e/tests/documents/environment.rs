//! Environment variables that users can set are documented, and documented ones are read.

use super::{Names, compare, documents, files};

/// Between processes of ours, or set by others; no user sets them.
const INTERNAL: [&str; 5] =
    ["TOMBOLO_LIFELINE", "TOMBOLO_READY", "TOMBOLO_SOCKETS", "TOMBOLO_STARTED_BY", "TOMBOLO_STATE"];
/// For who changes the source (CONTRIBUTING.md, tests).
const OF_TESTS: [&str; 7] = [
    "TOMBOLO_BIN",
    "TOMBOLO_SEED",
    "TOMBOLO_GOLDEN",
    "TOMBOLO_CLI",
    "TOMBOLO_CUTS",
    "TOMBOLO_STORAGE_SECONDS",
    "TOMBOLO_USERS_SECONDS",
];

fn names(text: &str, found: &mut Names) {
    for (place, _) in text.match_indices("TOMBOLO_") {
        let rest = &text[place..];
        let is_part = |one: char| !(one.is_ascii_uppercase() || one == '_');
        let name = rest.split(is_part).next().unwrap_or_default();
        if name != "TOMBOLO_" {
            found.insert(name.to_owned());
        }
    }
}

#[test]
fn variables_are_documented_and_documented_ones_are_read() {
    let (mut read, mut documented) = (Names::new(), Names::new());
    for folder in ["crates", "programs", "tombolo/src"] {
        for (path, text) in files(folder, "rs") {
            let path = path.to_string_lossy();
            if path.contains("/tests") || path.contains("/benches/") {
                continue;
            }
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in code.lines().filter(|line| line.contains("\"TOMBOLO_")) {
                names(line, &mut read);
            }
        }
    }
    documents().iter().for_each(|(_, text)| names(text, &mut documented));
    let is_users =
        |name: &String| !INTERNAL.contains(&name.as_str()) && !OF_TESTS.contains(&name.as_str());
    read.retain(is_users);
    documented.retain(is_users);
    compare("environment variables", &documented, &read);
}
