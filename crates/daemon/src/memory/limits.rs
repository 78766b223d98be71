//! What watching the memory costs, and how much of it is kept in reserve.

use std::time::Duration;

/// Between two looks.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Looks in a row at which there has to be enough memory before it is no longer short.
pub(super) const GOOD_LOOKS: u32 = 10;

/// Of the bound, what is kept in reserve: one part of so many.
pub(super) const RESERVE_SHARE: u64 = 8;

/// The least that is kept in reserve, in bytes.
pub(super) const RESERVE_MIN: u64 = 4 << 20;

/// One block of the reserve, in bytes.
pub(super) const BLOCK: usize = 1 << 20;

/// The most blocks of the reserve.
pub(super) const BLOCKS_MAX: usize = 32;

/// The stack of the thread that watches, in bytes: it writes a line to the log now and then.
pub(super) const STACK: usize = 256 << 10;

/// Of a bounded process, what is left to other users of memory than the allocator (stacks of
/// threads, SQLite): one part of so many of the bound, and at least [`OTHERS_MIN`].
pub(super) const OTHERS_SHARE: u64 = 4;

/// See [`OTHERS_SHARE`]; in bytes.
pub(super) const OTHERS_MIN: u64 = 24 << 20;

/// The largest arena that is taken at once; with a larger bound the allocator takes memory as it
/// needs it.
pub(super) const ARENA_MAX: u64 = 8 << 30;
