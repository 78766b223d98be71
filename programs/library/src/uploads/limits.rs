//! Every limit of uploads, in one place.

use std::time::Duration;

/// Bytes of one upload. Most file systems take more, most users' plans less.
pub(crate) const UPLOAD_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// Uploads of one user that are neither complete nor given up.
pub(crate) const UNFINISHED_EACH: i64 = 1000;

/// Bytes that are taken from a request before they are written together. Of each request that is
/// being received at most [`BATCHES_AHEAD`] and two more are in memory.
pub(crate) const BATCH_BYTES: usize = 256 * 1024;

/// Batches that wait for the disk.
pub(crate) const BATCHES_AHEAD: usize = 2;

/// How long bytes wait for more to be written with them.
pub(crate) const BATCH_WAIT: Duration = Duration::from_millis(100);

/// Bytes after which an offset is committed, if that was not done for [`COMMIT_TIME`].
pub(crate) const COMMIT_BYTES: u64 = 8 * 1024 * 1024;

/// After this time the bytes that came are committed. With [`COMMIT_BYTES`] it is what a client
/// sends twice at most after a crash.
pub(crate) const COMMIT_TIME: Duration = Duration::from_secs(1);

/// Bytes that may wait for a commit that is under way; then the client is not read from.
pub(crate) const UNCOMMITTED_BYTES: u64 = 2 * COMMIT_BYTES;

/// Changes of uploads that wait for one commit of all.
pub(crate) const GROUP_QUEUE: usize = 4096;

/// Changes of uploads in one commit.
pub(crate) const GROUP_SIZE: usize = 128;

/// How long a change of an upload may take, all tries together.
pub(crate) const GROUP_TIME: Duration = Duration::from_secs(10);

/// One try of it.
pub(crate) const GROUP_TRY: Duration = Duration::from_secs(5);

/// Between two pieces of a body.
pub(crate) const BODY_GAP: Duration = Duration::from_secs(30);

/// How often the rate of a body is looked at.
pub(crate) const RATE_TIME: Duration = Duration::from_secs(60);

/// What has to come within [`RATE_TIME`], in bytes: 100 each second.
pub(crate) const RATE_BYTES: u64 = 6000;

/// How long the request that received an upload so far may take to store what it has, once another
/// request wants to go on with it.
pub(crate) const TAKE_OVER_TIME: Duration = Duration::from_millis(700);

/// How long another replica may take to let go of an upload's file.
pub(crate) const LOCK_TIME: Duration = Duration::from_secs(5);

/// Between two looks at such a file.
pub(crate) const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// How often a replica looks whether another one took over what it receives: after this time a
/// request that was fenced off has let go, also when its client is silent.
pub(crate) const FENCE_PERIOD: Duration = Duration::from_millis(250);

/// An upload that is not complete is removed so long after its last byte.
pub(crate) const EXPIRY_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An upload that is complete, given up or expired is told as such for so long.
pub(crate) const MEMORY_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the pieces of a joined upload can be used again. Until they are removed they count
/// against the plan.
pub(crate) const PIECES_TIME: Duration = Duration::from_secs(60);

/// Uploads that one `final` joins.
pub(crate) const PIECES: usize = 256;

/// How long the answer to a `final` waits for the joining, which goes on in any case.
pub(crate) const JOIN_WAIT: Duration = Duration::from_secs(50);

/// How often a replica that joins says that it is alive.
pub(crate) const JOIN_PULSE: Duration = Duration::from_secs(2);

/// Work that nobody is known to be at is taken over by another replica after this time.
pub(crate) const ABANDONED_TIME: Duration = Duration::from_secs(15);

/// How often each replica looks for uploads that expired or were left in the middle.
pub(crate) const SWEEP_PERIOD: Duration = Duration::from_secs(30);

/// Uploads that one sweep removes or finishes.
pub(crate) const SWEEP_SIZE: i64 = 256;

/// How often each replica looks for files without a row.
pub(crate) const ORPHAN_PERIOD: Duration = Duration::from_secs(60 * 60);

/// Of these, how many are looked up at once.
pub(crate) const ORPHANS_AT_ONCE: usize = 256;

/// A deferred length is reserved in steps of so many bytes, the first when the upload is created.
pub(crate) const RESERVE_STEP: u64 = 64 * 1024 * 1024;

/// How far what is reserved is ahead of what is noted: what a request can have written meanwhile.
pub(crate) const RESERVE_AHEAD: u64 = UNCOMMITTED_BYTES + COMMIT_BYTES;

/// Bytes of the field `Upload-Metadata`.
pub(crate) const METADATA_BYTES: usize = 8 * 1024;

/// Pairs in it.
pub(crate) const METADATA_PAIRS: usize = 64;

/// Bytes of a file's name.
pub(crate) const NAME_BYTES: usize = 1024;

/// Bytes of a media type.
pub(crate) const MEDIA_TYPE_BYTES: usize = 255;

/// Bytes of an idempotency key.
pub(crate) const KEY_BYTES: usize = 255;
