//! What a service shows of its database at `/metrics`: figures of one moment, none of which asks
//! the database.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use crate::health::Health;
use crate::outcomes::Counts;

/// The kinds of connections, in the order of [`Figures::connections`].
pub(crate) const CONNECTIONS: [&str; 3] = ["writer", "reader", "follower"];

/// Figures of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// How units of work that read ended.
    pub reads: Counts,
    /// How units of work that write ended.
    pub writes: Counts,
    /// How long ago one that reads last succeeded.
    pub read_age: Option<Duration>,
    /// How long ago one that writes was last committed.
    pub commit_age: Option<Duration>,
    /// Connections at work, and how many there may be: writers, readers, the follower.
    pub connections: [(u32, u32); 3],
    /// The newest step of the tables, at the start.
    pub schema_version: i64,
}

/// A text in the Prometheus format 0.0.4 under construction.
struct Text(String);

impl Figures {
    /// The `Content-Type` of [`Figures::prometheus`].
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// The figures for Prometheus, with what `health` knows. A service adds its own after these.
    #[must_use]
    pub fn prometheus(&self, health: &Health) -> String {
        let mut text = Text(String::with_capacity(4096));
        let name = "tombolo_storage_units_total";
        text.family(name, "counter", "Units of work by how they ended.");
        for (kind, counts) in [("read", self.reads), ("write", self.writes)] {
            for (outcome, count) in [
                ("done", counts.done),
                ("refused", counts.refused),
                ("not_done", counts.not_done),
                ("unknown", counts.unknown),
                ("will_not_pass", counts.will_not_pass),
            ] {
                text.sample(name, &format!("kind=\"{kind}\",outcome=\"{outcome}\""), count);
            }
        }
        let name = "tombolo_storage_last_success_age_seconds";
        text.family(name, "gauge", "Time since work of this kind last succeeded.");
        for (kind, age) in [("read", self.read_age), ("write", self.commit_age)] {
            if let Some(age) = age {
                text.sample(name, &format!("kind=\"{kind}\""), age.as_secs_f64());
            }
        }
        let name = "tombolo_storage_up";
        text.family(name, "gauge", "Whether the database can be read and written now.");
        for (kind, condition) in [("read", &health.reads), ("write", &health.writes)] {
            text.sample(name, &format!("kind=\"{kind}\""), u8::from(condition.is_well()));
        }
        let name = "tombolo_storage_connections_in_use";
        text.family(name, "gauge", "Connections at work.");
        for (kind, (used, _)) in CONNECTIONS.iter().zip(self.connections) {
            text.sample(name, &format!("kind=\"{kind}\""), used);
        }
        let name = "tombolo_storage_connections_limit";
        text.family(name, "gauge", "Connections that may be at work.");
        for (kind, (_, limit)) in CONNECTIONS.iter().zip(self.connections) {
            text.sample(name, &format!("kind=\"{kind}\""), limit);
        }
        text.single("tombolo_storage_wal_bytes", "SQLite's write-ahead log.", health.log_bytes);
        let help = "Room where the SQLite database lies.";
        text.single("tombolo_storage_free_bytes", help, health.free_bytes);
        let help = "The newest step of the tables when the service started.";
        text.single("tombolo_storage_schema_version", help, Some(self.schema_version));
        text.0
    }
}

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a text cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.0, "{name}{{{labels}}} {value}");
    }

    /// A gauge without labels, if it has a value.
    fn single(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.family(name, "gauge", help);
            let _ = writeln!(self.0, "{name} {value}");
        }
    }
}
