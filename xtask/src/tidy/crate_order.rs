//! The order of crates: a crate uses only those above it in the root manifest's list. Tests may
//! use the end-to-end harness besides.

use std::path::{Path, PathBuf};

use super::{Finding, Tree};

const ROOT: &str = "Cargo.toml";
/// The one crate that the tests of crates above it may use.
const HARNESS: &str = "e2e";
const KINDS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

/// A workspace member, in the list's order.
struct Member {
    folder: String,
    package: String,
    manifest: toml::Table,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let members = match members(tree) {
        Ok(members) => members,
        Err(what) => {
            return vec![Finding::error(Path::new(ROOT), 1, what, "list crates that exist")];
        }
    };
    let mut findings = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let above = members.get(..index).unwrap_or_default();
        for (kind, dependency) in dependencies(&member.manifest) {
            let Some(used) = members.iter().find(|other| other.package == dependency) else {
                continue;
            };
            let is_above = above.iter().any(|other| other.package == dependency);
            let is_harness = kind == "dev-dependencies" && used.folder == HARNESS;
            if !is_above && !is_harness {
                let file = manifest_of(&member.folder);
                let line = line_of(tree, &file, &dependency);
                let what = format!("{} uses {dependency}, which is not above it", member.package);
                let remedy = "turn the arrow round; the list in the root manifest is the order";
                findings.push(Finding::error(&file, line, what, remedy));
            }
        }
    }
    findings
}

fn manifest_of(folder: &str) -> PathBuf {
    Path::new(folder).join("Cargo.toml")
}

fn members(tree: &Tree) -> Result<Vec<Member>, String> {
    let parse = |file: &str| -> Result<toml::Table, String> {
        let text = tree.text(file).ok_or_else(|| format!("there is no {file}"))?;
        text.parse().map_err(|error| format!("{file}: {error}"))
    };
    let root = parse(ROOT)?;
    let list = root.get("workspace").and_then(|workspace| workspace.get("members")?.as_array());
    let folders = list.ok_or("the root manifest lists no members")?;
    folders
        .iter()
        .filter_map(toml::Value::as_str)
        .map(|folder| {
            let manifest = parse(&format!("{folder}/Cargo.toml"))?;
            let package = manifest.get("package").and_then(|package| package.get("name")?.as_str());
            let package = package.ok_or_else(|| format!("{folder} has no package name"))?;
            Ok(Member { folder: folder.to_owned(), package: package.to_owned(), manifest })
        })
        .collect()
}

/// The kind and package of each dependency, those for one platform included.
fn dependencies(manifest: &toml::Table) -> Vec<(&'static str, String)> {
    let platforms = manifest.get("target").and_then(toml::Value::as_table);
    let tables = platforms.into_iter().flat_map(|table| table.values());
    let tables = tables.filter_map(toml::Value::as_table).chain(std::iter::once(manifest));
    let mut found = Vec::new();
    for table in tables {
        for kind in KINDS {
            let listed = table.get(kind).and_then(toml::Value::as_table);
            for (key, value) in listed.into_iter().flatten() {
                let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(key);
                found.push((kind, package.to_owned()));
            }
        }
    }
    found
}

fn line_of(tree: &Tree, file: &Path, dependency: &str) -> usize {
    let text = tree.texts.get(file).map(String::as_str).unwrap_or_default();
    text.lines().position(|line| line.contains(dependency)).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(low: &str, high: &str) -> Vec<Finding> {
        let manifest = |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n{rest}");
        check(&Tree::of(&[
            (ROOT, "[workspace]\nmembers = [\"low\", \"high\", \"e2e\"]\n"),
            ("low/Cargo.toml", &manifest("t-low", low)),
            ("high/Cargo.toml", &manifest("t-high", high)),
            ("e2e/Cargo.toml", &manifest("t-e2e", "")),
        ]))
    }

    #[test]
    fn downward_is_fine_and_upward_is_not() {
        assert!(found("", "[dependencies]\nt-low = {}\n").is_empty());
        let upward = found("[dependencies]\nt-high = {}\n", "");
        assert_eq!(upward.len(), 1);
        assert_eq!((upward[0].file.as_path(), upward[0].line), (Path::new("low/Cargo.toml"), 4));
    }

    #[test]
    fn renamed_and_platform_dependencies_count() {
        assert_eq!(found("[dependencies]\nx = { package = \"t-high\" }\n", "").len(), 1);
        assert_eq!(found("[target.'cfg(unix)'.dependencies]\nt-high = {}\n", "").len(), 1);
    }

    #[test]
    fn only_tests_use_the_harness() {
        assert!(found("[dev-dependencies]\nt-e2e = {}\n", "").is_empty());
        assert_eq!(found("[dependencies]\nt-e2e = {}\n", "").len(), 1);
        assert_eq!(found("[dev-dependencies]\nt-high = {}\n", "").len(), 1);
    }
}
