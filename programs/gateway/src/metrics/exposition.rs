//! The text in which metrics are told: the Prometheus text format 0.0.4, or OpenMetrics 1.0.0 for
//! who asks for it. They differ in where `_total` stands, in units, and in the last line.

use std::fmt::{Display, Write};

use super::exemplars::Exemplar;

/// Which of the two texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Prometheus text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Form {
    /// The form that a request's `Accept` asks for; the older one unless OpenMetrics is named.
    pub(crate) fn accepted(accept: Option<&[u8]>) -> Self {
        let accept = std::str::from_utf8(accept.unwrap_or_default()).unwrap_or_default();
        let named = |member: &str| {
            let kind = member.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/openmetrics-text")
        };
        if accept.split(',').any(named) { Self::OpenMetrics } else { Self::Text }
    }

    /// Its `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What a family of series is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Only grows; its samples end in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets, sum and count.
    Histogram,
}

/// A text under construction.
pub(crate) struct Exposition {
    form: Form,
    text: String,
}

impl Exposition {
    pub(crate) fn new(form: Form) -> Self {
        Self { form, text: String::with_capacity(16 << 10) }
    }

    /// Begins a family. `name` has its unit at its end and no `_total`; `unit` is empty where
    /// things are counted. `help` is one line without a backslash.
    pub(super) fn family(
        &mut self,
        name: &'static str,
        kind: Kind,
        unit: &str,
        help: &str,
    ) -> Family<'_> {
        debug_assert!(unit.is_empty() || name.ends_with(unit), "{name} does not end in {unit}");
        debug_assert!(!help.contains(['\n', '\\', '"']), "{help}");
        let suffix = if kind == Kind::Counter { "_total" } else { "" };
        let told_suffix = if self.form == Form::Text { suffix } else { "" };
        let word = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {name}{told_suffix} {help}"));
        self.line(format_args!("# TYPE {name}{told_suffix} {word}"));
        if self.form == Form::OpenMetrics && !unit.is_empty() {
            self.line(format_args!("# UNIT {name} {unit}"));
        }
        Family { exposition: self, name, suffix }
    }

    /// The whole text.
    pub(crate) fn finish(mut self) -> String {
        if self.form == Form::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }
}

/// The family whose samples are being written.
pub(super) struct Family<'e> {
    exposition: &'e mut Exposition,
    name: &'static str,
    suffix: &'static str,
}

impl Family<'_> {
    /// Writes a sample.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.with_suffix(self.suffix, labels, value)
    }

    /// Writes a sample of a histogram: `_bucket`, `_sum` or `_count`.
    pub(super) fn with_suffix(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        value: impl Display,
    ) -> &mut Self {
        let text = &mut self.exposition.text;
        text.push_str(self.name);
        text.push_str(suffix);
        if !labels.is_empty() {
            write_labels(labels.iter().copied(), text);
        }
        let _ = writeln!(text, " {value}");
        self
    }

    /// Adds an exemplar to the sample that was written last, a bucket of a histogram. Only
    /// OpenMetrics has them.
    pub(super) fn exemplar(&mut self, exemplar: &Exemplar) -> &mut Self {
        if self.exposition.form != Form::OpenMetrics {
            return self;
        }
        let text = &mut self.exposition.text;
        if text.ends_with('\n') {
            text.pop();
        }
        text.push_str(" # ");
        write_labels(exemplar.labels.iter().map(|(name, value)| (*name, value.as_str())), text);
        let (value, time) = (seconds(exemplar.micros), seconds(exemplar.ended_micros));
        let _ = writeln!(text, " {value} {time}");
        self
    }
}

/// Labels in their braces.
fn write_labels<'l>(labels: impl Iterator<Item = (&'l str, &'l str)>, text: &mut String) {
    let mut sign = '{';
    for (name, value) in labels {
        text.push(sign);
        text.push_str(name);
        text.push_str("=\"");
        escape(value, text);
        text.push('"');
        sign = ',';
    }
    text.push('}');
}

/// Microseconds as a decimal fraction of seconds, exactly.
pub(super) fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The value of a label: backslash, quote and line feed are escaped.
fn escape(value: &str, text: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            plain => text.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form) -> String {
        let mut exposition = Exposition::new(form);
        exposition
            .family("a_bytes", Kind::Counter, "bytes", "Bytes of a.")
            .sample(&[], 3)
            .sample(&[("x", "q\"b\\l\n"), ("y", "ñ")], 4);
        exposition.family("b", Kind::Gauge, "", "Bs.").sample(&[], 0.5);
        exposition.finish()
    }

    #[test]
    fn the_two_forms_differ_in_total_unit_and_end() {
        assert_eq!(
            written(Form::Text),
            "# HELP a_bytes_total Bytes of a.\n# TYPE a_bytes_total counter\na_bytes_total 3\n\
             a_bytes_total{x=\"q\\\"b\\\\l\\n\",y=\"ñ\"} 4\n# HELP b Bs.\n# TYPE b gauge\nb 0.5\n"
        );
        assert_eq!(
            written(Form::OpenMetrics),
            "# HELP a_bytes Bytes of a.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\n\
             a_bytes_total 3\na_bytes_total{x=\"q\\\"b\\\\l\\n\",y=\"ñ\"} 4\n\
             # HELP b Bs.\n# TYPE b gauge\nb 0.5\n# EOF\n"
        );
    }

    #[test]
    fn only_open_metrics_has_exemplars() {
        let exemplar = Exemplar {
            labels: vec![("request_id", "a\"b\\c".to_owned()), ("trace_id", "0f".to_owned())],
            micros: 1_500_000,
            ended_micros: 1_700_000_000_120_000,
        };
        let written = |form| {
            let mut exposition = Exposition::new(form);
            exposition
                .family("d_seconds", Kind::Histogram, "seconds", "Ds.")
                .with_suffix("_bucket", &[("le", "2.5")], 7)
                .exemplar(&exemplar)
                .with_suffix("_count", &[], 7);
            exposition.finish()
        };
        let line = "d_seconds_bucket{le=\"2.5\"} 7 # \
                    {request_id=\"a\\\"b\\\\c\",trace_id=\"0f\"} 1.500000 1700000000.120000\n\
                    d_seconds_count 7\n";
        assert!(written(Form::OpenMetrics).contains(line), "{}", written(Form::OpenMetrics));
        assert!(!written(Form::Text).contains(" # "));
    }

    #[test]
    fn open_metrics_is_for_who_names_it() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        assert_eq!(Form::accepted(Some(prometheus.as_bytes())), Form::OpenMetrics);
        for other in [None, Some(&b"*/*"[..]), Some(b"text/plain"), Some(b"\xff")] {
            assert_eq!(Form::accepted(other), Form::Text);
        }
    }
}
