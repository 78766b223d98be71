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
pub(crate) const HASHES_WAITING: usize = 64;

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

/// Log-ins that fail, of one account from everywhere.
pub(crate) const TRIES_ACCOUNT: Tries = Tries { burst: 100, period: Duration::from_secs(10) };

/// Log-ins that fail, of all accounts from one network.
pub(crate) const TRIES_NETWORK: Tries = Tries { burst: 100, period: Duration::from_secs(5) };

/// New accounts from one network.
pub(crate) const REGISTRATIONS: Tries = Tries { burst: 100, period: Duration::from_secs(30) };

/// Whoever goes on beyond these waits longer, but never longer than this.
pub(crate) const TRIES_PENALTY: Duration = Duration::from_secs(15 * 60);
