//! Every limit of this program, in one place; those of uploads are in `uploads/limits.rs`.

use std::time::Duration;

/// Connections served at once.
pub(crate) const CONNECTIONS: usize = 20_000;

/// A replica's name, in bytes.
pub(crate) const REPLICA_BYTES: usize = 64;

/// A request's body of JSON, in bytes.
pub(crate) const BODY_BYTES: usize = 64 * 1024;

/// For such a body to arrive.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(20);

/// How long a read of the database may take.
pub(crate) const READ_TIME: Duration = Duration::from_secs(5);

/// How long a change of the database may take, all tries together.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(10);

/// How long the database may take to show that it can be read and written. Less than the time after
/// which a gateway gives up.
pub(crate) const HEALTH_TIME: Duration = Duration::from_millis(1500);

/// How often the files of a SQLite database are looked at: one that was replaced ends the replica.
pub(crate) const FILES_PERIOD: Duration = Duration::from_secs(1);

/// Items of one page of any list unless the request says otherwise.
pub(crate) const PAGE_DEFAULT: u32 = 50;

/// Items of one page of any list at most.
pub(crate) const PAGE_ITEMS: u32 = 200;

/// How long a session lasts from the log-in on.
pub(crate) const SESSION_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often what is over is removed from the database.
pub(crate) const TIDY_PERIOD: Duration = Duration::from_secs(60);

/// Bytes of one piece that is read of content.
pub(crate) const READ_BYTES: usize = 256 * 1024;

/// Bytes of one part of an object in S3. At most 10,000 parts make an object (80 GB).
pub(crate) const PART_BYTES: usize = 8 * 1024 * 1024;

/// A file of bytes that come in without a row in the database is removed when it is older: its
/// creation was cut short.
pub(crate) const ORPHAN_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// For a user to pay the first month. A provider's page lives as long.
pub(crate) const CHECKOUT_TIME: Duration = Duration::from_secs(23 * 60 * 60);

/// For an invoice to be paid. Until then the plan is given.
pub(crate) const INVOICE_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// When a month that could not be taken is tried again, counted from each failure.
pub(crate) const DUNNING: [Duration; 3] = [
    Duration::from_secs(24 * 60 * 60),
    Duration::from_secs(2 * 24 * 60 * 60),
    Duration::from_secs(3 * 24 * 60 * 60),
];

/// Bytes of a provider's event.
pub(crate) const WEBHOOK_BYTES: usize = 256 * 1024;

/// An event that was signed longer ago is not believed.
pub(crate) const WEBHOOK_AGE: Duration = Duration::from_secs(300);

/// Parts of a signature's header that are looked at.
pub(crate) const WEBHOOK_SIGNATURES: usize = 16;

/// How long an event's id is kept; providers send one again for three days.
pub(crate) const WEBHOOK_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Characters of the name that a provider has here.
pub(crate) const PROVIDER_NAME_BYTES: usize = 32;

/// Bytes of a provider's name for something.
pub(crate) const PROVIDER_OBJECT_BYTES: usize = 255;

/// How long a call to a provider may take.
pub(crate) const PROVIDER_TIME: Duration = Duration::from_secs(10);

/// Bytes of a provider's answer.
pub(crate) const PROVIDER_BYTES: usize = 1024 * 1024;

/// Pages of 100 refunds of one payment.
pub(crate) const REFUND_PAGES: usize = 10;

/// How often each replica looks for payments, events and months that are due.
pub(crate) const PAYMENTS_PERIOD: Duration = Duration::from_secs(1);

/// Payments, events or subscriptions that one look takes at most.
pub(crate) const PAYMENTS_AT_ONCE: i64 = 16;

/// While a replica works on one, others leave it alone. Longer than four calls.
pub(crate) const PAYMENTS_LEASE: Duration = Duration::from_secs(60);

/// The pause after a call that failed; it doubles up to [`LOOK_OPEN`].
pub(crate) const PROVIDER_PAUSE: Duration = Duration::from_secs(5);

/// How soon a payment that is open is asked for again, if no event tells of it.
pub(crate) const LOOK_LEAST: Duration = Duration::from_secs(30);

/// The longest time between two looks at one that is open, and the shortest once it is done.
pub(crate) const LOOK_OPEN: Duration = Duration::from_secs(60 * 60);

/// The longest time between two looks at one that is done: it may be given back.
pub(crate) const LOOK_DONE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// After this it is not given back any more.
pub(crate) const LOOK_UNTIL: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// When one that is not looked at any more would be.
pub(crate) const LOOK_NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Characters of an `Idempotency-Key`.
pub(crate) const IDEMPOTENCY_KEY: usize = 128;

/// While a request with a key is being answered, the same one is told to wait.
pub(crate) const IDEMPOTENCY_LEASE: Duration = Duration::from_secs(60);

/// How long an answer is kept for the same key.
pub(crate) const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(48 * 60 * 60);

/// Connections of a payment sandbox.
pub(crate) const SANDBOX_CONNECTIONS: usize = 256;

/// Things that a payment sandbox remembers; the oldest are forgotten.
pub(crate) const SANDBOX_OBJECTS: usize = 10_000;

/// Events that wait to be sent by a sandbox.
pub(crate) const SANDBOX_EVENTS: usize = 1024;

/// How long a sandbox waits for a second event to send before the first.
pub(crate) const SANDBOX_PAIR: Duration = Duration::from_millis(300);

/// The pauses after an event was not taken; then it is lost.
pub(crate) const SANDBOX_PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Days that one report is about at most.
pub(crate) const REPORT_DAYS: i64 = 3660;

/// Rows of one report. A longer one is refused.
pub(crate) const REPORT_ROWS: i64 = 10_000;

/// Bytes of files, or of traffic, of one user at most, whatever the plan says: sums of two still fit
/// into the database's numbers.
pub(crate) const BYTES: i64 = 1 << 60;

/// Bytes of an e-mail address, and of what stands before its `@` (RFC 5321, section 4.5.3.1).
pub(crate) const EMAIL_BYTES: usize = 254;
/// See [`EMAIL_BYTES`].
pub(crate) const EMAIL_LOCAL_BYTES: usize = 64;

/// Characters of a user's name.
pub(crate) const NAME_CHARACTERS: usize = 100;

/// Characters of a password at least.
pub(crate) const PASSWORD_CHARACTERS: usize = 8;

/// Bytes of a password at most.
pub(crate) const PASSWORD_BYTES: usize = 1024;

/// Passwords that one replica hashes at once, 19 MiB each; never more than there are cores.
pub(crate) const HASHES: usize = 4;

/// Passwords that wait to be hashed. Further log-ins are told to come back.
pub(crate) const HASHES_WAITING: usize = 256;

/// Of these, those of one network (/24, /48): about half a second's work.
pub(crate) const HASHES_WAITING_EACH: usize = 32;

/// Sessions of one user; the oldest gives way to a new one.
pub(crate) const SESSIONS: u32 = 100;

/// Tries that fail: so many at once, then one each period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    pub(crate) burst: u32,
    pub(crate) period: Duration,
}

/// Log-ins that fail, of one account from one network.
pub(crate) const TRIES_BOTH: Tries = Tries { burst: 10, period: Duration::from_secs(30) };

/// Log-ins that fail, of one account from all networks from which nobody has logged in to it.
pub(crate) const TRIES_ACCOUNT: Tries = Tries { burst: 100, period: Duration::from_secs(10) };

/// Log-ins that fail, of all accounts from one network.
pub(crate) const TRIES_NETWORK: Tries = Tries { burst: 100, period: Duration::from_secs(5) };

/// Networks that are known of a user; the oldest gives way to a new one.
pub(crate) const KNOWN_NETWORKS: u32 = 16;

/// How long a network is known after the last log-in.
pub(crate) const KNOWN_TIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// New accounts from one network.
pub(crate) const REGISTRATIONS: Tries = Tries { burst: 100, period: Duration::from_secs(30) };

/// Whoever goes on beyond these waits longer, but never longer than this.
pub(crate) const TRIES_PENALTY: Duration = Duration::from_secs(15 * 60);

// The catalogue.

/// Characters of a key that items are sorted by: what every index holds.
pub(crate) const SORT_KEY_CHARS: usize = 200;

/// Characters of a word that items are found by; longer ones are cut, in items and queries alike.
pub(crate) const WORD_CHARS: usize = 32;

/// Terms of an item; what its description has beyond is not found.
pub(crate) const ITEM_TERMS: usize = 256;

/// Words of a query that count.
pub(crate) const QUERY_WORDS: usize = 8;

/// Bytes of a query's words.
pub(crate) const QUERY_BYTES: usize = 1000;

/// Bytes of a list's cursor.
pub(crate) const CURSOR_BYTES: usize = 2048;

/// When a filter leaves fewer terms than this, a search begins with them and sorts what it finds;
/// else it walks the order's index. Ten thousand rows take some tens of milliseconds.
pub(crate) const FEW_ITEMS: i64 = 10_000;

/// When a filter leaves so few, no other is counted.
pub(crate) const VERY_FEW_ITEMS: i64 = 100;

/// Characters of an item's title.
pub(crate) const TITLE_CHARS: usize = 200;

/// Characters of a file's name.
pub(crate) const NAME_CHARS: usize = 255;

/// For a file's length to be read.
pub(crate) const LENGTH_TIME: Duration = Duration::from_secs(15);

/// Bytes of a file that may be read for its length, and in one piece.
pub(crate) const LENGTH_BYTES: u64 = 32 * 1024 * 1024;
/// See [`LENGTH_BYTES`].
pub(crate) const LENGTH_PIECE_BYTES: usize = 64 * 1024;

/// Days that a chart can show.
pub(crate) const CHART_DAYS: std::ops::RangeInclusive<i64> = 7..=90;

/// Folders of an item, one in the other.
pub(crate) const FOLDERS: usize = 32;

/// Characters of an item's description.
pub(crate) const DESCRIPTION_CHARS: usize = 4000;

/// Characters of an item's classification.
pub(crate) const CLASSIFICATION_CHARS: usize = 100;

/// Tags of an item.
pub(crate) const TAGS: usize = 32;

/// Characters of a tag.
pub(crate) const TAG_CHARS: usize = 50;

/// From which access of a plan on its users see items of visibility `plan`.
pub(crate) const CATALOGUE_ACCESS: i64 = 1;

/// Rows that one sweep or one step of a deletion takes at most.
pub(crate) const SWEEP_ROWS: i64 = 200;

/// How long the bytes of a deleted item stay at least: downloads under way come to their end.
pub(crate) const TOMBSTONE_TIME: Duration = Duration::from_secs(60 * 60);

/// How often new items are looked for whose content nobody has looked into.
pub(crate) const INSPECTION_PERIOD: Duration = Duration::from_secs(1);

/// After so long another replica takes over what one has begun to look into.
pub(crate) const INSPECTION_TIME: Duration = Duration::from_secs(5 * 60);

/// Items that a replica takes at a time to look into.
pub(crate) const INSPECTIONS: i64 = 8;

/// Bytes by which content is recognised.
pub(crate) const SIGNATURE_BYTES: u64 = 16 * 1024;

/// Thumbnails that a replica makes at once, each in a process.
pub(crate) const THUMBNAILERS: usize = 2;

/// How long one may take.
pub(crate) const THUMBNAIL_TIME: Duration = Duration::from_secs(30);

/// How many seconds of the processor.
pub(crate) const THUMBNAILER_SECONDS: u64 = 20;

/// Memory of such a process beyond the program itself, in bytes: forty million pixels of four bytes,
/// twice, the file, and the small picture.
pub(crate) const THUMBNAILER_MEMORY_BYTES: u64 = 448 * 1024 * 1024;

/// Bytes of an image that a thumbnail is made of.
pub(crate) const PICTURE_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Its pixels.
pub(crate) const PICTURE_PIXELS: u64 = 40_000_000;

/// Its width and height.
pub(crate) const PICTURE_SIDE: u32 = 30_000;

/// Bytes that its decoder may take.
pub(crate) const PICTURE_BYTES: u64 = 320 * 1024 * 1024;

/// Width and height of a thumbnail.
pub(crate) const THUMBNAIL_SIDE: u32 = 320;

/// The quality of a thumbnail that is a JPEG, of 100.
pub(crate) const THUMBNAIL_QUALITY: u8 = 80;

/// Bytes of a thumbnail.
pub(crate) const THUMBNAIL_BYTES: u64 = 512 * 1024;

/// How often all content is read again and compared with its digest.
pub(crate) const SCRUB_PERIOD: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How fast, so that it is not felt.
pub(crate) const SCRUB_BYTES_PER_SECOND: u64 = 16 * 1024 * 1024;

/// How long to wait when there is nothing to scrub.
pub(crate) const SCRUB_PAUSE: Duration = Duration::from_secs(60);

// Downloads.

/// Bytes of a `Range` field; a longer one is ignored.
pub(crate) const RANGE_FIELD_BYTES: usize = 1024;

/// Ranges of one request; with more, all of the content is sent.
pub(crate) const RANGES: usize = 16;

/// Items of one archive.
pub(crate) const ARCHIVE_ITEMS: usize = 1000;

/// Seconds that a link lives unless the request says otherwise.
pub(crate) const LINK_SECONDS: u64 = 24 * 60 * 60;

/// Seconds that a link lives at least.
pub(crate) const LINK_SECONDS_LEAST: u64 = 60;

/// Seconds that a link lives at most.
pub(crate) const LINK_SECONDS_MOST: u64 = 30 * 24 * 60 * 60;

/// Links to one item at a time.
pub(crate) const LINKS_EACH: i64 = 100;

// Transfers.

/// Transfers under way at once at one replica. Each holds a connection, a read buffer of 256 KiB at
/// most, and a file.
pub(crate) const TRANSFERS: usize = 512;

/// Transfers that wait for a place at one replica; further ones are turned away.
pub(crate) const QUEUED_TRANSFERS: usize = 1024;

/// How long one waits. Less than the time after which clients give up a silent server.
pub(crate) const QUEUE_TIME: Duration = Duration::from_secs(20);

/// Seconds after which one that was turned away may come again.
pub(crate) const QUEUE_RETRY_SECONDS: u64 = 5;

/// Transfers at once of one network without an account, at one replica.
pub(crate) const ANONYMOUS_TRANSFERS: usize = 32;

/// How long it is believed how many transfers a user's plan allows.
pub(crate) const ALLOWANCE_TIME: Duration = Duration::from_secs(30);

/// Users of whom that is remembered.
pub(crate) const ALLOWANCES: usize = 10_000;

/// A replica takes so large a part of what a user has left in a month: 1 of so many.
pub(crate) const ALLOWANCE_SHARE: u64 = 16;

/// Bytes that a replica takes at a time at least, unless fewer are left.
pub(crate) const ALLOWANCE_LEAST: u64 = 1024 * 1024;

/// Bytes that a replica takes at a time at most. So many of a user's month may be held unused.
pub(crate) const ALLOWANCE_MOST: u64 = 64 * 1024 * 1024;

/// How often a replica writes what its transfers have moved.
pub(crate) const TRANSFER_TICK: Duration = Duration::from_secs(1);

/// How long a replica's word counts that a transfer is under way.
pub(crate) const TRANSFER_FRESH: Duration = Duration::from_millis(3500);

/// How long a replica keeps a transfer in mind after its last request: the next range is of the same.
pub(crate) const TRANSFER_LINGER: Duration = Duration::from_secs(5);

/// A transfer that nobody goes on with for so long has failed.
pub(crate) const TRANSFER_ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long transfers that are over are listed.
pub(crate) const TRANSFER_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long a user counts as online after the last sign of them.
pub(crate) const ONLINE_TIME: Duration = Duration::from_secs(45);

/// Rows that event streams are told at a time.
pub(crate) const LIVE_ROWS: i64 = 1000;

/// Transfers that a new event stream begins with.
pub(crate) const LIVE_FIRST: i64 = 100;

/// Transfers that a stream remembers having told.
pub(crate) const LIVE_TOLD: usize = 4000;

/// Event streams of one user at one replica.
pub(crate) const STREAMS_EACH: usize = 8;

/// Event streams at one replica.
pub(crate) const STREAMS: usize = 2000;

/// How long a stream lasts: whoever comes back shows who they are again.
pub(crate) const STREAM_TIME: Duration = Duration::from_secs(10 * 60);

/// The longest silence in a stream.
pub(crate) const STREAM_SILENCE: Duration = Duration::from_secs(15);

/// Bandwidth that was not used for so long may be made up for.
pub(crate) const BANDWIDTH_BURST: Duration = Duration::from_millis(50);
