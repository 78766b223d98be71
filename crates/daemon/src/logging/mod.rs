//! Program logs: what operators read about the program itself, on standard error.
//!
//! One line per event: `time level target fields message`, or a JSON object. `TOMBOLO_LOG` chooses
//! what is shown (`info` unless set; `debug`, or `warn,tombolo_gateway=debug`, …), and
//! `TOMBOLO_LOG_FORMAT` the form. Where standard error is the journal of systemd, a line begins with
//! its priority in place of the time, which the journal has itself. The access log is not written
//! here.

mod form;
pub mod journal;
mod json;

use std::env::{self, VarError};
use std::fmt;
use std::io::{self, IsTerminal};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::terminal::{self, Escaped};

pub use form::{Form, UnknownForm};

/// The environment variable that chooses what is shown.
pub const VARIABLE: &str = "TOMBOLO_LOG";

/// The environment variable that chooses the form of a line.
pub const FORM_VARIABLE: &str = "TOMBOLO_LOG_FORMAT";

/// One line of a program log in JSON that is not written by an event: words of a process.
#[must_use]
pub fn json_words(level: &str, target: &str, process: &str, words: &str) -> String {
    json::of_words(level, target, process, words)
}

/// Why program logs could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `TOMBOLO_LOG` is no filter.
    #[error(
        "{VARIABLE}={written:?} is not a log filter: {reason}; write a level (error, warn, info, \
         debug, trace) or pairs like warn,tombolo_gateway=debug"
    )]
    Filter {
        /// What the variable holds.
        written: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// `TOMBOLO_LOG_FORMAT` is no form.
    #[error("{FORM_VARIABLE}: {0}")]
    Form(#[from] UnknownForm),
    /// Something in this process already took the program logs.
    #[error("program logs were already started in this process")]
    Twice,
}

/// Starts program logs on standard error for the whole process, in this form, or without one in
/// that of the environment. Call once, first.
///
/// # Errors
/// When `TOMBOLO_LOG` or `TOMBOLO_LOG_FORMAT` cannot be read, or on a second call.
pub fn start(form: Option<Form>) -> Result<(), Error> {
    let filter = filter(env::var(VARIABLE))?;
    let form = form.map_or_else(Form::from_environment, Ok)?;
    let stderr = io::stderr();
    let colour = stderr.is_terminal() && env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour && form == Form::Text)
        // A pipe that is full costs lines, as with any log whose reader is away; to complain of it
        // in the same pipe would only cost the program.
        .log_internal_errors(false);
    let started = match form {
        Form::Text => {
            let in_journal = journal::is(&stderr);
            log.event_format(Line { in_journal }).try_init()
        }
        Form::Json => log.event_format(json::Line).try_init(),
    };
    started.map_err(|_| Error::Twice)
}

fn filter(variable: Result<String, VarError>) -> Result<EnvFilter, Error> {
    let written = match variable {
        Ok(text) if text.trim().is_empty() => "info".to_owned(),
        Ok(text) => text,
        Err(VarError::NotPresent) => "info".to_owned(),
        Err(VarError::NotUnicode(raw)) => {
            let written = raw.to_string_lossy().into_owned();
            return Err(Error::Filter { written, reason: "it is not UTF-8".to_owned() });
        }
    };
    EnvFilter::builder()
        .parse(&written)
        .map_err(|error| Error::Filter { written, reason: error.to_string() })
}

/// One event as one line: time, level, target, fields (those of the spans around it first),
/// message last.
struct Line {
    /// The priority comes first, and no time.
    in_journal: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level();
        if self.in_journal {
            write!(out, "<{}>{level}", journal::priority(*level))?;
            return self.rest(context, out, event);
        }
        SystemTime.format_time(&mut out)?;
        match (out.has_ansi_escapes(), colour(*level)) {
            (true, Some(code)) => write!(out, " \x1b[{code}m{level:>5}\x1b[0m")?,
            _ => write!(out, " {level:>5}")?,
        }
        self.rest(context, out, event)
    }
}

impl Line {
    /// All that follows the level.
    fn rest<S, N>(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        write!(out, " {}", event.metadata().target())?;
        if let Some(scope) = context.event_scope() {
            for span in scope.from_root() {
                let extensions = span.extensions();
                if let Some(fields) =
                    extensions.get::<tracing_subscriber::fmt::FormattedFields<N>>()
                    && !fields.is_empty()
                {
                    write!(out, " {fields}")?;
                }
            }
        }
        let mut parts = Parts::default();
        event.record(&mut parts);
        writeln!(out, "{}{}", parts.fields, parts.message)
    }
}

/// The colour of a level as an ANSI code; what needs no eye has none.
fn colour(level: Level) -> Option<u8> {
    match level {
        Level::ERROR => Some(31),
        Level::WARN => Some(33),
        Level::INFO => Some(32),
        _ => None,
    }
}

/// The fields and the message of one event, each with a space before it.
#[derive(Default)]
struct Parts {
    fields: String,
    message: String,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        use fmt::Write;
        // Writing to a String cannot fail.
        let _ = if field.name() == "message" {
            write!(self.message, " {}", Escaped(value))
        } else if value.is_empty()
            || value.contains([' ', '"', '='])
            || value.chars().any(terminal::steers)
        {
            write!(self.fields, " {}={value:?}", field.name())
        } else {
            write!(self.fields, " {}={value}", field.name())
        };
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Display values (`%x`) and messages also come this way.
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(filter_text: &str, events: impl FnOnce()) -> String {
        lines_of(filter_text, false, events)
    }

    fn lines_of(filter_text: &str, in_journal: bool, events: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter(Ok(filter_text.to_owned())).unwrap())
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .event_format(Line { in_journal })
            .finish();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_time_level_target_fields_message() {
        let text = lines("info", || {
            tracing::info!(target: "gateway", address = %"127.0.0.1:80", workers = 4, "listening");
        });
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.len() > 19, "{time}");
        assert_eq!(rest, " INFO gateway address=127.0.0.1:80 workers=4 listening\n");
    }

    #[test]
    fn in_the_journal_a_line_begins_with_its_priority_and_has_no_time() {
        let text = lines_of("debug", true, || {
            tracing::error!(target: "gateway", workers = 4, "lost");
            tracing::warn!(target: "gateway", "odd");
            tracing::debug!(target: "gateway", "quiet");
        });
        let expected =
            "<3>ERROR gateway workers=4 lost\n<4>WARN gateway odd\n<7>DEBUG gateway quiet\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_a_peer_sent_cannot_forge_a_line() {
        let text = lines("info", || {
            tracing::warn!(target: "t", path = "/a\n2026 INFO forged", "bad\r\n\x1b[2Jpath");
        });
        assert_eq!(text.lines().count(), 1);
        assert!(
            text.ends_with("path=\"/a\\n2026 INFO forged\" bad\\r\\n\\u{1b}[2Jpath\n"),
            "{text}"
        );
    }

    #[test]
    fn spans_give_their_fields() {
        let text = lines("info", || {
            let _span = tracing::info_span!("connection", id = 7).entered();
            tracing::info!(target: "t", "closed");
        });
        assert!(text.ends_with("t id=7 closed\n"), "{text}");
    }

    #[test]
    fn the_filter_hides_and_a_bad_one_is_explained() {
        assert_eq!(lines("warn", || tracing::info!("hidden")), "");
        let error = filter(Ok("gateway=loud".to_owned())).unwrap_err().to_string();
        assert!(error.starts_with("TOMBOLO_LOG=\"gateway=loud\" is not a log filter"), "{error}");
    }
}
