//! Names of files and folders: the field's own words, none that mean "everything else".

use super::{Finding, Tree};

/// Names that say nothing about what is inside.
const FORBIDDEN: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "utilities"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for part in file.iter().filter_map(|part| part.to_str()) {
            let stem = part.split('.').find(|stem| !stem.is_empty()).unwrap_or_default();
            if FORBIDDEN.iter().any(|name| name.eq_ignore_ascii_case(stem)) {
                let what = format!("the name `{stem}`");
                findings.push(Finding::error(file, 1, what, "name it by what it owns"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_looked_at() {
        let tree = Tree::of(&[("a/utils/x.rs", ""), ("b/common.rs", ""), ("b/commonly.rs", "")]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| finding.what).collect();
        assert_eq!(found, ["the name `utils`", "the name `common`"]);
    }
}
