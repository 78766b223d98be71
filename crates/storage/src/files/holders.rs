//! Whether another process has a SQLite database open: by the locks that SQLite keeps on it for as
//! long as a connection in WAL mode lives (sqlite.org/src, `os_unix.c`).
//!
//! A process loses all its POSIX locks on a file when it closes any descriptor of that file
//! (fcntl(2)). So nothing here may be called while this process itself has the database open.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// The bytes of the database that SQLite locks: pending, reserved and 510 shared ones.
const DATABASE_LOCKS: (i64, i64) = (0x4000_0000, 512);

/// The byte of the index that every process keeps locked while it uses it.
const INDEX_LOCK: (i64, i64) = (128, 1);

/// Where the header of a database holds `application_id` (sqlite.org/fileformat.html, 1.3).
const APPLICATION_ID: std::ops::Range<usize> = 68..72;

/// Whether another process has the database or its index open. A file that is missing is not open.
pub(crate) fn is_held(database: &Path, index: &Path) -> io::Result<bool> {
    Ok(has_lock(database, DATABASE_LOCKS)? || has_lock(index, INDEX_LOCK)?)
}

/// The number in the header of a database; 0 when it has none yet.
pub(crate) fn application_id(database: &Path) -> io::Result<u32> {
    let mut header = Vec::new();
    File::open(database)?.take(APPLICATION_ID.end as u64).read_to_end(&mut header)?;
    let bytes = header.get(APPLICATION_ID).and_then(|bytes| bytes.try_into().ok());
    Ok(u32::from_be_bytes(bytes.unwrap_or_default()))
}

fn has_lock(path: &Path, (start, length): (i64, i64)) -> io::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: length,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_GETLK(&mut lock))?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}
