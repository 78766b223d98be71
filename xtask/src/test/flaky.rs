//! Tests that failed and then passed in the same run, against the list of earlier ones in
//! `e2e/flaky.txt`: the third time fails the run.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};

use super::report::Report;

/// The list: one line for each time, `DATE BINARY TEST`; lines with `#` are comments.
const LIST: &str = "e2e/flaky.txt";
/// How often a test may need its second try before the run fails.
const ALLOWED: usize = 2;

/// Compares the report with the list. Prints the lines to add to the list.
///
/// # Errors
/// When a test was flaky more than [`ALLOWED`] times, or the list cannot be read.
pub(super) fn judge(root: &Path, report: &Report) -> Result<()> {
    let list = root.join(LIST);
    let list = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let now = report.flaky()?;
    for test in &now {
        println!("FLAKY {test}: find the race. Add a line to {LIST}: DATE {test}");
    }
    let often = too_often(&list, &now);
    if !often.is_empty() {
        bail!("flaky for the third time or more: {}", often.join(", "));
    }
    Ok(())
}

/// Those whose lines in the list and appearances now are more than [`ALLOWED`].
fn too_often(list: &str, now: &[String]) -> Vec<String> {
    let earlier = list.lines().filter(|line| !line.starts_with('#'));
    let earlier = earlier.filter_map(|line| line.split_once(' ')).map(|(_date, test)| test.trim());
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for test in earlier.chain(now.iter().map(String::as_str)) {
        *times.entry(test).or_default() += 1;
    }
    let often = times.into_iter().filter(|(_, times)| *times > ALLOWED);
    often.map(|(test, _)| test.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_time_is_too_often() {
        let now = ["a x".to_owned()];
        let list = "# DATE BINARY TEST\n2026-12-01 a x\n2026-12-02 b y\n";
        assert!(too_often(list, &now).is_empty());
        let list = format!("{list}2026-12-03 a x\n");
        assert_eq!(too_often(&list, &now), ["a x"]);
        assert!(too_often(&list, &[]).is_empty());
    }
}
