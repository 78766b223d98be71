//! Transfers cut at every place and in every way, by clients that are not ours: the files arrive whole.
//! A script does it, since most of the clients are scripts too: `cuts/cuts.py`.
//!
//! ```text
//! cargo xtask test --long library-cuts
//! ```

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tombolo_e2e::{Foreign, PATIENCE, Tombolo};

use crate::kept;

/// For the short form, on a machine that runs other tests at the same time.
const SHORT_TIME: Duration = Duration::from_secs(180);

/// For the long form, 2 GiB for every client included.
const LONG_TIME: Duration = Duration::from_secs(3 * 60 * 60);

fn cut(form: &str, limit: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let script = here.join("tests/library/cuts/cuts.py");
    // One variable chooses cases, to look at one that failed.
    let words = std::env::var("TOMBOLO_CUTS").unwrap_or_default();
    let cutting = Foreign::program("python3", "python3")
        .args(["-B".as_ref(), script.as_os_str(), Tombolo::path().as_os_str()])
        .args([kept().as_os_str(), folder.path().as_os_str(), form.as_ref()])
        .args(words.split(',').filter(|word| !word.is_empty()))
        .serve();
    let end = Instant::now() + limit;
    let mut seen = (0, Instant::now());
    loop {
        let has_ended = cutting.has_ended();
        let text = cutting.stdout().text();
        if let Some(line) = text.lines().find(|line| line.starts_with("all well")) {
            println!("{line}");
            return;
        }
        let lines = text.lines().count();
        if lines > seen.0 {
            seen = (lines, Instant::now());
        }
        let is_stuck = seen.1.elapsed() > limit.min(PATIENCE * 20);
        assert!(!has_ended && Instant::now() < end && !is_stuck, "so far:\n{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn every_client_every_place_and_every_cause_of_a_cut() {
    cut("short", SHORT_TIME);
}

#[test]
#[ignore = "an hour: cargo xtask test --long library-cuts"]
fn every_cut_of_every_client_and_size() {
    cut("long", LONG_TIME);
}
