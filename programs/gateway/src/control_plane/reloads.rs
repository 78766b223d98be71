//! What became of the last reload: for the status, the metrics and the service manager.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tombolo_daemon::config::Mistakes;

use super::Refused;
use super::succession::tell;

/// The last reload that an operator asked for, by whatever way.
#[derive(Debug)]
pub(crate) struct Reloads {
    last: Mutex<Option<LastReload>>,
}

/// What became of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastReload {
    /// When it ended.
    pub(crate) at: SystemTime,
    /// The number of changes; or why it was refused, in one line.
    pub(crate) outcome: Result<usize, String>,
}

impl Reloads {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { last: Mutex::new(None) }
    }

    /// The last one; None if the configuration is that of the start.
    pub(crate) fn last(&self) -> Option<LastReload> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what became of one, and tells the service manager that the gateway serves.
    pub(super) fn record(&self, outcome: Result<usize, String>) {
        match &outcome {
            Ok(_) => tell::ready(),
            Err(why) => tell::ready_though_refused(why),
        }
        let last = LastReload { at: SystemTime::now(), outcome };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }
}

impl Refused {
    /// Why, in one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::NoFile => "the gateway was started without a configuration file".to_owned(),
            Self::Mistakes(mistakes) => line(mistakes),
            Self::Bind(error) => error.to_string(),
        }
    }
}

/// The first mistake with its place, and how many more there are.
fn line(mistakes: &Mistakes) -> String {
    let first = mistakes.iter().next().map(ToString::to_string).unwrap_or_default();
    first_of(&first, mistakes.count())
}

/// A mistake, and how many there are in all.
pub(super) fn first_of(first: &str, count: usize) -> String {
    match count.saturating_sub(1) {
        0 => first.to_owned(),
        1 => format!("{first} (and 1 more mistake)"),
        more => format!("{first} (and {more} more mistakes)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_counts() {
        let reloads = Reloads::new();
        assert_eq!(reloads.last(), None);
        reloads.record(Err("t.toml:8:12: oops".to_owned()));
        reloads.record(Ok(2));
        assert_eq!(reloads.last().unwrap().outcome, Ok(2));
        assert_eq!(first_of("a", 1), "a");
        assert_eq!(first_of("a", 3), "a (and 2 more mistakes)");
    }
}
