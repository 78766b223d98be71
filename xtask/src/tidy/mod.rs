//! The rules of the house that no compiler checks. One file for each family of rules; each takes
//! the project's files and gives findings.

mod changelog;
mod crate_order;
mod fuzz_targets;
mod links;
mod names;
mod rust_items;
mod sizes;
mod text;

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{
    console::{Tone, toned},
    workspace::Workspace,
};

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: PathBuf,
    line: usize,
    weight: Weight,
    /// What is wrong.
    what: String,
    /// What to do about it.
    remedy: &'static str,
}

/// Whether a finding fails the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    Error,
    Warning,
}

impl Finding {
    fn error(file: &Path, line: usize, what: impl Into<String>, remedy: &'static str) -> Finding {
        Finding { file: file.to_owned(), line, weight: Weight::Error, what: what.into(), remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, line, what, remedy, .. } = self;
        let word = match self.weight {
            Weight::Error => toned(Tone::Bad, "error"),
            Weight::Warning => toned(Tone::Warning, "warning"),
        };
        write!(out, "{}:{line}: {word}: {what}: {remedy}", file.display())
    }
}

/// The project's files with the text of those that are text.
pub(crate) struct Tree {
    /// Every file, relative to the root.
    files: Vec<PathBuf>,
    /// Their text, where it is UTF-8.
    texts: BTreeMap<PathBuf, String>,
}

impl Tree {
    fn read(workspace: &Workspace) -> Result<Tree> {
        let files = workspace.files()?;
        let mut texts = BTreeMap::new();
        for file in &files {
            let path = workspace.root.join(file);
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            if let Ok(text) = String::from_utf8(bytes) {
                texts.insert(file.clone(), text);
            }
        }
        Ok(Tree { files, texts })
    }

    /// The texts of files whose name ends so, for instance `rs`.
    fn with_extension<'a>(
        &'a self,
        extension: &'a str,
    ) -> impl Iterator<Item = (&'a Path, &'a str)> {
        self.texts
            .iter()
            .filter(move |(file, _)| file.extension().is_some_and(|found| found == extension))
            .map(|(file, text)| (file.as_path(), text.as_str()))
    }

    fn text(&self, file: &str) -> Option<&str> {
        self.texts.get(Path::new(file)).map(String::as_str)
    }

    fn has(&self, file: &Path) -> bool {
        self.files.iter().any(|known| known == file || known.starts_with(file))
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Tree {
        let texts: BTreeMap<PathBuf, String> =
            files.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned())).collect();
        Tree { files: texts.keys().cloned().collect(), texts }
    }
}

/// Every finding, in the order of the files.
fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = [
        crate_order::check(tree),
        sizes::check(tree),
        rust_items::check(tree),
        names::check(tree),
        links::check(tree),
        text::check(tree),
        changelog::check(tree),
        fuzz_targets::check(tree),
    ]
    .concat();
    findings.sort();
    findings
}

/// Checks the project and prints what it finds. True when nothing fails.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let tree = Tree::read(workspace)?;
    let findings = check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    let warnings = findings.len() - errors;
    println!("tidy: {} files, {errors} errors, {warnings} warnings", tree.files.len());
    Ok(errors == 0)
}
