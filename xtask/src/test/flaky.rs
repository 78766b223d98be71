//! Tests that failed and then passed in the same run, as nextest's report (JUnit) has them, against
//! the list of earlier ones in `e2e/flaky.txt`: the third time fails the run.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};

/// The list: one line for each time, `DATE BINARY TEST`; lines with `#` are comments.
const LIST: &str = "e2e/flaky.txt";
/// How often a test may need its second try before the run fails.
const ALLOWED: usize = 2;

/// Reads the report and the list. Prints the lines to add to the list.
///
/// # Errors
/// When a test was flaky more than [`ALLOWED`] times, or one of the files cannot be read.
pub(super) fn judge(root: &Path, report: &Path) -> Result<()> {
    let report = fs::read_to_string(report)
        .with_context(|| format!("nextest wrote no report at {}", report.display()))?;
    let list = root.join(LIST);
    let list = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let now = flaky_tests(&report)?;
    for test in &now {
        println!("FLAKY {test}: find the race. Add a line to {LIST}: DATE {test}");
    }
    let often = too_often(&list, &now);
    if !often.is_empty() {
        bail!("flaky for the third time or more: {}", often.join(", "));
    }
    Ok(())
}

/// The tests of a report that failed first and passed then, as `BINARY TEST`.
fn flaky_tests(report: &str) -> Result<Vec<String>> {
    let document = roxmltree::Document::parse(report).context("nextest's report")?;
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    let flaky = cases.filter(|case| case.children().any(|it| it.has_tag_name("flakyFailure")));
    let name = |case: roxmltree::Node<'_, '_>| {
        let of = |attribute| case.attribute(attribute).unwrap_or_default();
        format!("{} {}", of("classname"), of("name"))
    };
    Ok(flaky.map(name).collect())
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

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="2" failures="0" errors="0">
  <testsuite name="tombolo-e2e::foreign" tests="2" disabled="0" errors="0" failures="0">
    <testcase name="traces::one" classname="tombolo-e2e::foreign" time="30.1">
      <flakyFailure message="waited" type="test failure">panicked &lt;here&gt;</flakyFailure>
    </testcase>
    <testcase name="traces::two" classname="tombolo-e2e::foreign" time="0.1"></testcase>
  </testsuite>
</testsuites>"#;

    #[test]
    fn a_report_names_the_tests_that_needed_a_second_try() {
        assert_eq!(flaky_tests(REPORT).unwrap(), ["tombolo-e2e::foreign traces::one"]);
        assert!(flaky_tests("no XML").is_err());
    }

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
