//! Connections to a SQLite file in WAL mode, shared by the processes of one machine.

use std::io;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Row};
use tombolo_files::{Access, Folder, check_private, open_private};

use crate::error::Error;
use crate::limits;

/// How the file is opened. Connections that do not write cannot.
pub(crate) fn options(path: &Path, writes: bool) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(limits::BUSY_TIME)
        .foreign_keys(true)
        .pragma("journal_size_limit", limits::WAL_BYTES.to_string());
    if writes { options } else { options.pragma("query_only", "ON") }
}

/// Opens the file.
pub(crate) async fn connect(path: &Path, writes: bool) -> Result<SqliteConnection, Error> {
    let mut connection = options(path, writes).connect().await.map_err(Error::driver)?;
    let row = sqlx::query("PRAGMA journal_mode").fetch_one(&mut connection).await;
    let mode: String = row.and_then(|row| row.try_get(0)).map_err(Error::driver)?;
    match mode.as_str() {
        "wal" => Ok(connection),
        _ => Err(Error::NotShared { path: path.to_owned(), mode }),
    }
}

/// The network file system with this number, if it is one (statfs(2)). Their locks and shared
/// memory do not work between machines, and on some not even between processes, so that SQLite's
/// write-ahead log would be damaged (sqlite.org/wal.html).
fn network_file_system(number: i64) -> Option<&'static str> {
    Some(match number {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x0102_1997 => "9p",
        0x00C3_6400 => "Ceph",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x0BD0_0BD0 => "Lustre",
        0x7461_636F => "OCFS2",
        0x0116_1970 => "GFS2",
        0x1983_0326 => "BeeGFS",
        _ => return None,
    })
}

/// Refuses a folder that lies on a network file system.
fn refuse_network(folder: &Path) -> Result<(), Error> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // What cannot be asked is found out when it is used.
    let Ok(found) = rustix::fs::statfs(folder) else { return Ok(()) };
    match network_file_system(found.f_type) {
        Some(kind) => Err(Error::Network { path: folder.to_owned(), kind }),
        None => Ok(()),
    }
}

/// Makes the file and the folders above it, for this user alone. One that is there must be a regular
/// file of this user.
pub(crate) fn make_file(path: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // One that is there may be shared with other programs: its mode is the operator's choice.
        if !folder.is_dir() {
            Folder::make(folder).map_err(|source| failed(folder, source))?;
        }
    }
    refuse_network(path.parent().unwrap_or(path))?;
    let made = match open_private(path, Access::New) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_private(path),
        made => made.map(drop),
    };
    made.map_err(|source| failed(path, source))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn file_and_folder_are_private_and_no_link_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new/chat.db");
        make_file(&path).unwrap();
        make_file(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let (other, link) = (home.path().join("other"), home.path().join("link.db"));
        for target in ["other", "missing"] {
            fs::write(&other, "precious").unwrap();
            symlink(target, &link).unwrap();
            let words = make_file(&link).unwrap_err().to_string();
            assert!(words.contains("symbolic link"), "{words}");
            fs::remove_file(&link).unwrap();
        }
        assert!(!home.path().join("missing").exists());
        assert_eq!(fs::read(&other).unwrap(), b"precious");
    }

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(network_file_system(0x6969), Some("NFS"));
        assert_eq!(network_file_system(0xFF53_4D42), Some("SMB"));
        // ext4, tmpfs, xfs, btrfs, overlayfs.
        for local in [0xEF53, 0x0102_1994, 0x5846_5342, 0x9123_683E, 0x794C_7630] {
            assert_eq!(network_file_system(local), None, "{local:x}");
        }
        refuse_network(Path::new("")).unwrap();
    }
}
