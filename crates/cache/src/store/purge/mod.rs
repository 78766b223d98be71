//! Purges: accepted in the time of a map insertion, in force at once, worked off later.
//!
//! Every response remembers the newest purge stamp at the time it was asked for; a purge with a
//! later stamp hits it. So a purge is a record in memory, compared at look-up, and a line in a
//! small log that survives a restart. A purge of one key is worked off directly; one by tag or
//! prefix by reading through all files in the background. When nothing older than it can be left,
//! neither in a file, nor in memory, nor in a fill under way, the record is dropped.
//!
//! Purges that requests of clients cause are recorded only where something is stored or coming in,
//! and have places of their own, of which each client has a share. When those are taken, what they may
//! hit is validated before it is used (`doubts.rs`, `scopes.rs`): none is refused, none is left out,
//! and none reaches another host or first segment of a path than its own.

mod doubts;
mod log;
mod queue;
mod records;
mod scopes;
mod shares;
mod sweep;

pub(super) use log::Log;
pub(super) use queue::{PurgeQueue, run};
pub(super) use records::{Records, Verdict};
pub(super) use sweep::{drop_done, sweep, work_key};

use crate::key::Key;

/// What to purge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purge<'a> {
    /// All variants of one key.
    Key(Key<'a>),
    /// All keys that begin with these bytes.
    Prefix(&'a [u8]),
    /// All responses with this tag.
    Tag(&'a [u8]),
    /// Everything.
    All,
}

/// How to purge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As if it had never been stored.
    Hard,
    /// From now on it is stale, and may be answered with while it is revalidated.
    Soft,
}

/// A purge was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PurgeError {
    /// Too many are not yet worked off. Later there is room again.
    #[error("too many purges of this kind are not yet worked off; try again in a while")]
    TooMany,
    /// The text is longer than a key or tag can be.
    #[error("the text is longer than any key or tag")]
    TooLong,
}

/// An accepted purge. It is in force already.
#[derive(Debug)]
pub struct Receipt {
    /// None where nothing is stored that it could hit.
    pub(super) written: Option<tokio::sync::oneshot::Receiver<()>>,
    pub(super) durable: tokio::sync::oneshot::Receiver<bool>,
}

impl Receipt {
    /// Of a purge that there was nothing for.
    pub(super) fn of_nothing() -> Self {
        let (tell, durable) = tokio::sync::oneshot::channel();
        let _: Result<(), bool> = tell.send(true);
        Self { written: None, durable }
    }

    /// Waits until the purge survives the end of this process, however it ends. At once where
    /// nothing is stored that it could hit, and where the log cannot be written now.
    pub async fn written(self) {
        if let Some(written) = self.written {
            let _: Result<(), tokio::sync::oneshot::error::RecvError> = written.await;
        }
    }

    /// Waits until the purge survives a crash of the system. False: the log cannot be written now;
    /// it will be as soon as it can.
    pub async fn durable(self) -> bool {
        self.durable.await.unwrap_or(false)
    }
}
