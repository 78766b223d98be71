//! Every fuzz target is run: `cargo xtask test` runs what `fuzz/Cargo.toml` lists, so a target's
//! file that is not listed there would never run.

use std::path::Path;

use super::{Finding, Tree};
use crate::workspace::FUZZ_MANIFEST;

/// Where the targets lie.
const FOLDER: &str = "fuzz/fuzz_targets";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifest: toml::Table =
        tree.text(FUZZ_MANIFEST).and_then(|text| text.parse().ok()).unwrap_or_default();
    let bins = manifest.get("bin").and_then(toml::Value::as_array);
    let listed: Vec<&Path> = bins
        .into_iter()
        .flatten()
        .filter_map(|bin| Some(Path::new(bin.get("path")?.as_str()?)))
        .collect();
    tree.files
        .iter()
        .filter(|file| file.parent() == Some(Path::new(FOLDER)))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter(|file| file.strip_prefix("fuzz").is_ok_and(|path| !listed.contains(&path)))
        .map(|file| {
            let remedy = "add a [[bin]] for it to fuzz/Cargo.toml";
            Finding::error(file, 1, "this fuzz target never runs", remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unlisted_target_is_found() {
        let manifest = "[[bin]]\nname = \"head\"\npath = \"fuzz_targets/head.rs\"\n";
        let tree = Tree::of(&[
            (FUZZ_MANIFEST, manifest),
            ("fuzz/fuzz_targets/head.rs", ""),
            ("fuzz/fuzz_targets/body.rs", ""),
            ("fuzz/src/lib.rs", ""),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| finding.file).collect();
        assert_eq!(found, [Path::new("fuzz/fuzz_targets/body.rs")]);
    }
}
