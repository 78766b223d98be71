//! A difference as JSON, for who asked, and in words, for the log.

use std::fmt;

use serde_json::{Map, Value, json};

use super::{Change, Difference, Field, How};

/// Changes that the log names; of more it tells the number.
const NAMED: usize = 20;

impl Difference {
    /// The answer to a reload.
    pub(crate) fn to_json(&self) -> Value {
        let kept = self.kept;
        let of = |list: &[Change]| list.iter().map(Change::to_json).collect::<Vec<_>>();
        json!({
            "changed": !self.changes.is_empty(),
            "changes": of(&self.changes),
            "kept": {
                "listeners": kept.listeners,
                "routes": kept.routes,
                "upstreams": kept.upstreams,
                "servers": kept.servers,
                "tcp": kept.tcp,
            },
            "restart": of(&self.restart),
        })
    }

    /// Tells the log.
    pub(crate) fn log(&self) {
        if self.changes.is_empty() {
            tracing::info!("reloaded: the configuration says nothing new");
        } else {
            tracing::info!(changes = self.changes.len(), "reloaded: {}", listed(&self.changes));
        }
        if !self.restart.is_empty() {
            tracing::warn!(
                "these settings hold only after a restart, or a change of the program without one (SIGUSR2): {}",
                listed(&self.restart)
            );
        }
    }
}

impl Change {
    fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("what".to_owned(), self.what.into());
        if let Some(upstream) = &self.upstream {
            members.insert("upstream".to_owned(), upstream.as_str().into());
        }
        members.insert("name".to_owned(), self.name.as_str().into());
        members.insert("change".to_owned(), self.how.name().into());
        match self.fields.as_slice() {
            [] => {}
            [Field { key: "value", before, after }] => {
                members.insert("from".to_owned(), before.as_str().into());
                members.insert("to".to_owned(), after.as_str().into());
            }
            fields => {
                let of_one = |one: &Field| {
                    let change = json!({ "from": one.before, "to": one.after });
                    (one.key.to_owned(), change)
                };
                let fields: Map<String, Value> = fields.iter().map(of_one).collect();
                members.insert("fields".to_owned(), fields.into());
            }
        }
        Value::Object(members)
    }
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

pub(super) fn listed(changes: &[Change]) -> String {
    let named: Vec<String> = changes.iter().take(NAMED).map(ToString::to_string).collect();
    let more = changes.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    named.join("; ") + &more
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.upstream, self.what) {
            (Some(upstream), what) => write!(out, "{what} {} of {upstream}", self.name)?,
            (None, "setting") => out.write_str(&self.name)?,
            (None, what) => write!(out, "{what} {}", self.name)?,
        }
        if self.fields.is_empty() {
            return write!(out, " {}", self.how.name());
        }
        let mut sign = " ";
        for Field { key, before, after } in &self.fields {
            let key = if *key == "value" { "" } else { key };
            let blank = if key.is_empty() { "" } else { " " };
            write!(out, "{sign}{key}{blank}{before} -> {after}")?;
            sign = ", ";
        }
        Ok(())
    }
}
