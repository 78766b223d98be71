//! Every file of `tests/bad` is refused, in exactly the words of the `.txt` beside it.
//!
//! `TOMBOLO_GOLDEN=write cargo test -p tombolo-daemon` writes the words anew; read the difference
//! before you commit it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tombolo_daemon::config::{self, Overrides};

fn bad_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

/// The mistakes of a file under its bare name, with an environment of its own where it is text.
fn words(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    let environment: BTreeMap<String, String> = [("PORT", "9001"), ("WORDS", "not an address")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let overrides = Overrides::default();
    let result = match fs::read_to_string(path) {
        Ok(text) => config::parse(&text, name, &environment, &overrides),
        Err(_) => config::load(path, &overrides),
    };
    let shown = result.expect_err(name).to_string();
    shown.replace(&path.display().to_string(), name)
}

#[test]
fn every_bad_file_is_refused_in_these_words() {
    let write = env::var_os("TOMBOLO_GOLDEN").is_some_and(|value| value == "write");
    let mut wrong = Vec::new();
    let files = bad_files();
    assert!(files.len() > 10, "the files are gone");
    for path in files {
        let got = words(&path);
        let golden = path.with_extension("txt");
        if write {
            fs::write(&golden, &got).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if got != expected {
            wrong.push(format!("--- {} ---\n{got}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "other words than in the .txt:\n{}", wrong.join("\n"));
}
