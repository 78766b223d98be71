//! The body of a response in its open file.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::load::{PartError, check, read};
use crate::store::core::Core;
use crate::store::counters::Count;
use crate::store::format::{Corrupt, Fixed};
use crate::store::settings::{BLOCK, READ_PIECE};
use crate::store::slot::Slot;

/// Bytes of a body could not be had. What was sent before is right; no more can be sent.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The file is not what was written; it was removed.
    #[error("the stored body is damaged at byte {at}")]
    Damaged {
        /// Where the piece begins, in the body.
        at: u64,
    },
    /// The disk.
    #[error("cannot read the stored body")]
    Io(#[source] io::Error),
    /// The store was closed, or the disk does not answer in time.
    #[error("the cache was closed or its disk does not answer")]
    Unanswered,
}

/// A body in its file. The file stays open and readable as long as this is held.
#[derive(Clone)]
pub struct FileBody {
    pub(in crate::store) file: Arc<File>,
    pub(in crate::store) fixed: Fixed,
    pub(in crate::store) table: Arc<[u64]>,
    /// All before this was compared with its checksums.
    pub(in crate::store) checked: Arc<AtomicU64>,
    pub(in crate::store) slot: Slot,
    pub(in crate::store) note: u32,
    pub(in crate::store) core: Weak<Core>,
}

impl FileBody {
    /// The file, to send from.
    pub const fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where in the file the body begins.
    pub fn offset(&self) -> u64 {
        self.fixed.body_at()
    }

    /// Length of the body in bytes.
    pub const fn length(&self) -> u64 {
        self.fixed.body
    }

    /// Every byte was compared with its checksum: any part may be sent straight from the file.
    pub fn is_checked(&self) -> bool {
        self.checked.load(Relaxed) >= self.fixed.body
    }

    /// Compares a part of the body with its checksums, so that it may be sent straight from the
    /// file; at once when that was done before. Ask a mebibyte or so ahead of what is sent: what
    /// is compared is then in the page cache when it is sent.
    ///
    /// # Errors
    /// [`BodyError`]: the part cannot be sent.
    pub async fn vouch(&self, range: Range<u64>) -> Result<(), BodyError> {
        let range = range.start.min(self.fixed.body)..range.end.min(self.fixed.body);
        if range.is_empty() || range.end <= self.checked.load(Relaxed) {
            return Ok(());
        }
        self.on_pool(move |body| body.check(range)).await
    }

    /// Reads and checks at most `at_most` bytes of the body from `at` on; fewer at the end of the
    /// body, or when the disk is read in pieces. Empty: `at` is the end.
    ///
    /// # Errors
    /// [`BodyError`]: the bytes cannot be had.
    pub async fn read(&self, at: u64, at_most: usize) -> Result<Bytes, BodyError> {
        let length = (at_most as u64).min(READ_PIECE).min(self.fixed.body.saturating_sub(at));
        if length == 0 {
            return Ok(Bytes::new());
        }
        self.on_pool(move |body| {
            body.check(at..at + length)?;
            let bytes = read(&body.file, body.offset() + at, length);
            bytes.map(Bytes::from).map_err(|error| body.failed(error.into(), at))
        })
        .await
    }

    async fn on_pool<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self) -> Result<T, BodyError> + Send + 'static,
    ) -> Result<T, BodyError> {
        let core = self.core.upgrade().ok_or(BodyError::Unanswered)?;
        let body = self.clone();
        let answer = core.calls.call(&core.pool, move || job(&body));
        drop(core);
        answer.await.unwrap_or(Err(BodyError::Unanswered))
    }

    fn check(&self, range: Range<u64>) -> Result<(), BodyError> {
        let checked = self.checked.load(Relaxed);
        if range.end <= checked {
            return Ok(());
        }
        check(&self.file, &self.fixed, &self.table, range.clone())
            .map_err(|error| self.failed(error, range.start))?;
        let start = range.start / BLOCK as u64 * BLOCK as u64;
        if start <= checked {
            self.checked.fetch_max(range.end, Relaxed);
            if range.end >= self.fixed.body
                && let Some(core) = self.core.upgrade()
            {
                core.index.set_note(self.slot, self.note);
            }
        }
        Ok(())
    }

    fn failed(&self, error: PartError, at: u64) -> BodyError {
        let core = self.core.upgrade();
        match error {
            PartError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                if let Some(core) = core {
                    core.counters.add(Count::Errors);
                    core.health.reading.failed("reading a stored body", &error);
                }
                BodyError::Io(error)
            }
            other => {
                let why = match other {
                    PartError::Corrupt(why) => why,
                    PartError::Io(_) => Corrupt::Length,
                };
                if let (Some(core), Ok(about)) = (core, self.file.metadata()) {
                    core.remove_corrupt(self.slot, why, about.ino());
                }
                BodyError::Damaged { at }
            }
        }
    }
}

impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBody").field("slot", &self.slot).finish_non_exhaustive()
    }
}
