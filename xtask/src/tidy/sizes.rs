//! Length of files. Functions are in `rust_items`, which reads the code.

use std::path::Path;

use super::{Finding, Tree, Weight};

/// A file with more lines fails.
const FILE_LINES_MAX: usize = 500;
/// A file with more lines is worth a look.
const FILE_LINES_USUAL: usize = 300;
/// The kinds of files that are written by hand and read by people.
const SOURCES: [&str; 5] = ["rs", "js", "css", "html", "py"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    SOURCES
        .iter()
        .flat_map(|extension| tree.with_extension(extension))
        .filter_map(|(file, text)| length(file, text.lines().count()))
        .collect()
}

fn length(file: &Path, lines: usize) -> Option<Finding> {
    if lines <= FILE_LINES_USUAL {
        return None;
    }
    let what = format!("{lines} lines");
    if lines > FILE_LINES_MAX {
        return Some(Finding::error(file, FILE_LINES_MAX + 1, what, "split it by what it owns"));
    }
    let warning = Finding::error(file, FILE_LINES_USUAL + 1, what, "does it hold one idea?");
    Some(Finding { weight: Weight::Warning, ..warning })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_warn_and_very_long_ones_fail() {
        let of = |lines: usize| length(Path::new("a.rs"), lines).map(|finding| finding.weight);
        assert_eq!(of(300), None);
        assert_eq!(of(301), Some(Weight::Warning));
        assert_eq!(of(500), Some(Weight::Warning));
        assert_eq!(of(501), Some(Weight::Error));
    }
}
