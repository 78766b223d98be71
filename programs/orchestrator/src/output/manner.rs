//! How lines of standard error are written: for a person, for the journal, or for programs.

use std::io;

use tombolo_daemon::logging::{self, Form, journal};
use tombolo_daemon::terminal;

/// What `up` calls itself.
const OWN_NAME: &str = "tombolo";

/// The manner of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Each line behind the name of its process.
    Plain,
    /// The same behind a priority, and without the time, which the journal has.
    Journal,
    /// Each line a JSON object that has the name as `process`.
    Json,
}

impl Manner {
    /// That of standard error, when program logs have this form.
    pub(super) fn of_stderr(form: Form) -> Self {
        match form {
            Form::Json => Self::Json,
            Form::Text if journal::is(&io::stderr()) => Self::Journal,
            Form::Text => Self::Plain,
        }
    }

    /// Our own words, which may be several lines.
    pub(super) fn own(self, words: &str) -> String {
        match self {
            Self::Plain => format!("{OWN_NAME}: {words}\n"),
            // Each line is one entry there.
            Self::Journal => words.lines().map(|line| format!("<6>{OWN_NAME}: {line}\n")).collect(),
            Self::Json => {
                let target = "tombolo_orchestrator";
                let line = logging::json_words("INFO", target, OWN_NAME, words);
                format!("{}\n", terminal::json(&line))
            }
        }
    }

    /// Appends a line of a process; `prefix` is its name as it stands before plain lines.
    pub(super) fn push(self, out: &mut Vec<u8>, name: &str, prefix: &[u8], line: &[u8]) {
        match self {
            Self::Plain => {
                out.extend_from_slice(prefix);
                terminal::push_line(out, line);
            }
            Self::Journal => {
                let text = String::from_utf8_lossy(line);
                let (priority, rest) = journal::of_line(&text);
                out.extend_from_slice(format!("<{priority}>{name} | ").as_bytes());
                terminal::push_line(out, rest.as_bytes());
            }
            Self::Json => {
                let text = String::from_utf8_lossy(line);
                out.extend_from_slice(terminal::json(&in_json(name, &text)).as_bytes());
            }
        }
        out.push(b'\n');
    }
}

/// A line of a process as an object with its name: one it wrote as such has it put in, other words
/// (of a panic, say) become one.
fn in_json(name: &str, line: &str) -> String {
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line)
        .is_ok_and(|members| members.contains_key("level") && !members.contains_key("process"));
    match line.strip_prefix('{').filter(|_| is_object) {
        Some(members) => format!("{{\"process\":{},{members}", serde_json::Value::from(name)),
        None => logging::json_words("WARN", "stderr", name, line),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn pushed(manner: Manner, line: &str) -> String {
        let mut out = Vec::new();
        manner.push(&mut out, "site-1", b"site-1  | ", line.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_journal_gets_a_priority_for_each_line() {
        assert_eq!(
            pushed(Manner::Journal, "2026-12-01T05:17:09.113825Z ERROR tombolo_site it broke"),
            "<3>site-1 | ERROR tombolo_site it broke\n"
        );
        assert_eq!(pushed(Manner::Journal, "words"), "<5>site-1 | words\n");
        assert_eq!(Manner::Journal.own("one\ntwo"), "<6>tombolo: one\n<6>tombolo: two\n");
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_process_writes_is_one_object_or_one_entry(line in "\\PC{0,40}|[{\":,}a-z0-9ZWARN .-]{0,60}") {
            let told = pushed(Manner::Json, &line);
            proptest::prop_assert_eq!(told.matches('\n').count(), 1);
            let told: Value = serde_json::from_str(&told).unwrap();
            proptest::prop_assert_eq!(&told["process"], "site-1");
            let entry = pushed(Manner::Journal, &line);
            proptest::prop_assert!(entry.starts_with('<') && entry.matches('\n').count() == 1);
        }
    }

    #[test]
    fn programs_get_one_object_for_each_line() {
        let own: Value = serde_json::from_str(&Manner::Json.own("all of it\nis ready")).unwrap();
        assert_eq!((&own["process"], &own["level"]), (&"tombolo".into(), &"INFO".into()));
        assert_eq!(own["message"], "all of it\nis ready");
        let line = r#"{"time":"t","level":"WARN","target":"x","message":"odd"}"#;
        let told: Value = serde_json::from_str(&pushed(Manner::Json, line)).unwrap();
        assert_eq!((&told["process"], &told["message"]), (&"site-1".into(), &"odd".into()));
        for line in ["memory allocation of 5 bytes failed", "{}", "{\"a\":1", "\u{1b}[2J"] {
            let told: Value = serde_json::from_str(&pushed(Manner::Json, line)).unwrap();
            assert_eq!((&told["target"], &told["message"]), (&"stderr".into(), &line.into()));
        }
    }
}
