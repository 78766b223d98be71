//! What a service shows of its database at `/metrics`: figures of one moment, none of which asks the
//! database.

use std::time::Duration;

use crate::outcomes::Counts;

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
}
