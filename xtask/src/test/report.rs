//! Nextest's report (JUnit): which tests failed, and which passed at the second try only.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// Longest part of a failed test's message that is repeated in the summary, in characters.
const SHOWN: usize = 600;

/// What a run of nextest left.
pub(super) struct Report(String);

impl Report {
    /// # Errors
    /// When there is no report at `path`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("nextest wrote no report at {}", path.display()))?;
        Ok(Self(text))
    }

    /// The tests that failed first and passed then, as `BINARY TEST`.
    pub(super) fn flaky(&self) -> Result<Vec<String>> {
        let flaky = self.with("flakyFailure")?;
        Ok(flaky.into_iter().map(|(name, _message)| name).collect())
    }

    /// The tests that failed, as `BINARY TEST: MESSAGE`.
    pub(super) fn failed(&self) -> Result<Vec<String>> {
        let failed = self.with("failure")?;
        Ok(failed.into_iter().map(|(name, message)| format!("{name}: {message}")).collect())
    }

    /// Names and messages of the tests that have an element `tag`.
    fn with(&self, tag: &str) -> Result<Vec<(String, String)>> {
        let document = roxmltree::Document::parse(&self.0).context("nextest's report")?;
        let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
        let found = cases.filter_map(|case| {
            let failure = case.children().find(|child| child.has_tag_name(tag))?;
            let of = |attribute| case.attribute(attribute).unwrap_or_default();
            let name = format!("{} {}", of("classname"), of("name"));
            let text = failure.text().or_else(|| failure.attribute("message")).unwrap_or_default();
            Some((name, text.trim().chars().take(SHOWN).collect()))
        });
        Ok(found.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="3" failures="1" errors="0">
  <testsuite name="tombolo-e2e::foreign" tests="3" disabled="0" errors="0" failures="1">
    <testcase name="traces::one" classname="tombolo-e2e::foreign" time="30.1">
      <flakyFailure message="waited" type="test failure">panicked &lt;here&gt;</flakyFailure>
    </testcase>
    <testcase name="traces::two" classname="tombolo-e2e::foreign" time="0.1"></testcase>
    <testcase name="traces::three" classname="tombolo-e2e::foreign" time="0.1">
      <failure message="killed" type="test failure">
        left 1, right 2
      </failure>
      <rerunFailure message="killed" type="test failure">again</rerunFailure>
    </testcase>
  </testsuite>
</testsuites>"#;

    #[test]
    fn a_report_names_the_tests_that_needed_a_second_try() {
        let report = Report(REPORT.to_owned());
        assert_eq!(report.flaky().unwrap(), ["tombolo-e2e::foreign traces::one"]);
        assert!(Report("no XML".to_owned()).flaky().is_err());
    }

    #[test]
    fn a_report_names_the_tests_that_failed_with_their_words() {
        let report = Report(REPORT.to_owned());
        let failed = ["tombolo-e2e::foreign traces::three: left 1, right 2"];
        assert_eq!(report.failed().unwrap(), failed);
    }
}
