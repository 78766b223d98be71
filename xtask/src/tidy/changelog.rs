//! The changelog has a place for what is not released yet.

use std::path::Path;

use super::{Finding, Tree};

const FILE: &str = "CHANGELOG.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(FILE) else {
        let remedy = "write one, with a section `## Unreleased`";
        return vec![Finding::error(Path::new(FILE), 1, "there is no changelog", remedy)];
    };
    let unreleased = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .any(|title| title.trim().trim_matches(['[', ']']).eq_ignore_ascii_case("unreleased"));
    if unreleased {
        return Vec::new();
    }
    let remedy = "add `## Unreleased` at the top";
    vec![Finding::error(Path::new(FILE), 1, "no section for what is not released", remedy)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_may_be_a_link() {
        assert!(check(&Tree::of(&[(FILE, "# Changes\n\n## [Unreleased]\n")])).is_empty());
        assert!(check(&Tree::of(&[(FILE, "## Unreleased\n")])).is_empty());
        assert_eq!(check(&Tree::of(&[(FILE, "## 1.0.0\n")])).len(), 1);
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
