//! An event as a JSON object on one line: `time`, `level`, `target`, `message`, and the fields of the
//! event and of the spans around it, whose names do not hide those four.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime as Clock};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::terminal;

/// One event as one object.
pub(super) struct Line;

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
        let mut members = Members::default();
        event.record(&mut members);
        let spans = context.event_scope().into_iter().flat_map(|scope| scope.from_root());
        let around: Vec<String> = spans
            .filter_map(|span| {
                let extensions = span.extensions();
                let fields = extensions.get::<FormattedFields<N>>()?;
                (!fields.is_empty()).then(|| fields.to_string())
            })
            .collect();
        if !around.is_empty() {
            members.0.insert("span".to_owned(), around.join(" ").into());
        }
        let level = event.metadata().level().as_str();
        let line = object(&now()?, level, event.metadata().target(), members.0);
        writeln!(out, "{}", terminal::json(&line))
    }
}

/// The moment, as in the text form.
fn now() -> Result<String, fmt::Error> {
    let mut time = String::new();
    Clock.format_time(&mut Writer::new(&mut time))?;
    Ok(time)
}

/// One line of a process that speaks by itself, in the same form.
#[must_use]
pub(super) fn of_words(level: &str, target: &str, process: &str, words: &str) -> String {
    let mut members = Map::new();
    members.insert("process".to_owned(), process.into());
    members.insert("message".to_owned(), words.into());
    object(&now().unwrap_or_default(), level, target, members)
}

/// The four members that every line has come first and in one order.
fn object(time: &str, level: &str, target: &str, mut members: Map<String, Value>) -> String {
    let message = members.remove("message").unwrap_or_else(|| "".into());
    let mut line = String::from("{");
    let first = [
        ("time", Value::from(time)),
        ("level", level.into()),
        ("target", target.into()),
        ("message", message),
    ];
    let rest = members.iter().filter(|(name, _)| !first.iter().any(|(known, _)| known == name));
    let all = first.iter().map(|(name, value)| (*name, value));
    for (place, (name, value)) in
        all.chain(rest.map(|(name, value)| (name.as_str(), value))).enumerate()
    {
        let comma = if place == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(line, "{comma}{}:{value}", Value::from(name));
    }
    line.push('}');
    line
}

/// The fields of an event.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Members {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string().into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}
