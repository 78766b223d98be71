//! What a new configuration changes, and what it leaves alone: for the answer to a reload, and for
//! the log.
//!
//! Things are told apart by the names that people gave them: routes by host and path, upstreams by
//! name, servers by address, `[[tcp]]` tables by where they listen. Pure.
//!
//! | file | one idea |
//! |---|---|
//! | `parts.rs` | listeners, routes, upstreams, servers, `[[tcp]]` |
//! | `settings.rs` | `[gateway]`, its limits and timeouts, `[cache]`; and what only a restart changes |
//! | `tell.rs` | the answer as JSON and in words |

mod parts;
mod settings;
mod tell;

#[cfg(test)]
mod tests;

use tombolo_daemon::config::{Config, FromEnvironment};

pub(super) use settings::keep_what_needs_a_restart;

/// What became of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Added,
    Removed,
    Changed,
}

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// `listener`, `route`, `upstream`, `server`, `tcp` or `setting`.
    what: &'static str,
    name: String,
    /// Of a server: whose.
    upstream: Option<String>,
    how: How,
    /// What of it changed: key, before, after.
    fields: Vec<Field>,
}

/// A key whose value changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    key: &'static str,
    before: String,
    after: String,
}

/// How many things stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    listeners: usize,
    routes: usize,
    upstreams: usize,
    servers: usize,
    tcp: usize,
}

/// What is between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    changes: Vec<Change>,
    kept: Kept,
    /// Settings of the new one that do not hold until the gateway starts anew.
    restart: Vec<Change>,
}

impl Difference {
    /// What `after` changes of `before`.
    pub(super) fn new(before: &Config, after: &Config) -> Self {
        let mut difference = Self::default();
        difference.listeners(before, after);
        difference.routes(before, after);
        difference.upstreams(before, after);
        difference.tcp(before, after);
        difference.changes.extend(settings::live(before, after));
        difference.restart = settings::of_a_restart(before, after);
        let all = difference.changes.iter_mut().chain(&mut difference.restart);
        all.for_each(|change| change.mask(&before.from_environment, &after.from_environment));
        difference
    }

    /// How many things are not as they were.
    pub(super) fn changes(&self) -> usize {
        self.changes.len()
    }

    fn change(&mut self, what: &'static str, name: String, how: How) {
        let (upstream, fields) = (None, Vec::new());
        self.changes.push(Change { what, name, upstream, how, fields });
    }

    /// Notes what became of things that are told apart by `name`; `fields` compares two of a name.
    /// The number of those that stayed.
    fn compare<T>(
        &mut self,
        what: &'static str,
        (before, after): (&[T], &[T]),
        name: impl Fn(&T) -> String,
        fields: impl Fn(&T, &T) -> Vec<Field>,
    ) -> usize {
        let named = |list: &[T], wanted: &str| list.iter().position(|one| name(one) == wanted);
        let mut kept = 0_usize;
        for old in before {
            let name = name(old);
            match named(after, &name).and_then(|at| after.get(at)) {
                None => self.change(what, name, How::Removed),
                Some(new) => match fields(old, new) {
                    fields if fields.is_empty() => kept = kept.saturating_add(1),
                    fields => {
                        let how = How::Changed;
                        self.changes.push(Change { what, name, upstream: None, how, fields });
                    }
                },
            }
        }
        for new in after {
            let name = name(new);
            if named(before, &name).is_none() {
                self.change(what, name, How::Added);
            }
        }
        kept
    }
}

impl Change {
    /// Shows what came from the environment as the files have it.
    fn mask(&mut self, before: &FromEnvironment, after: &FromEnvironment) {
        let both = |text: &str| after.mask(&before.mask(text)).into_owned();
        self.name = both(&self.name);
        self.upstream = self.upstream.as_deref().map(both);
        for field in &mut self.fields {
            field.before = both(&field.before);
            field.after = both(&field.after);
        }
    }
}

/// Notes a key if its values differ.
fn field(fields: &mut Vec<Field>, key: &'static str, before: String, after: String) {
    if before != after {
        fields.push(Field { key, before, after });
    }
}
