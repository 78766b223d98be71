//! What is done about the files of a database before SQLite opens it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::FilesError;
use super::file_identity::FileIdentity;
use super::record::Record;
use super::{Paths, holders};

/// The files as they lie there, and whether others use them.
#[derive(Clone, Debug)]
struct Found {
    database: FileIdentity,
    /// The number in the database's header; 0 when it has none.
    id: u32,
    /// None when there is none, or when it is empty.
    log: Option<FileIdentity>,
    index: Option<FileIdentity>,
    is_held: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The files belong together.
    Open,
    /// The log belonged to another database.
    SetAside,
    /// Nothing tells whose log it is.
    UnknownLog,
    /// Others use another log.
    OtherLog,
    /// Others use another index.
    OtherIndex,
}

/// Looks at the files; sets a foreign log aside.
///
/// # Errors
/// When the files do not belong together and nothing tells which one is wrong.
pub(super) fn inspect(paths: &Paths, record: Option<&Record>) -> Result<(), FilesError> {
    let found = look(paths)?;
    let database = || paths.database.clone();
    match judge(&found, record) {
        Verdict::Open => Ok(()),
        Verdict::SetAside => set_aside(paths).map(drop),
        Verdict::UnknownLog => Err(FilesError::UnknownLog {
            database: database(),
            log: paths.log.clone(),
            record: paths.record.clone(),
        }),
        Verdict::OtherLog => {
            Err(FilesError::HeldByOthers { database: database(), file: paths.log.clone() })
        }
        Verdict::OtherIndex => {
            Err(FilesError::HeldByOthers { database: database(), file: paths.index.clone() })
        }
    }
}

fn look(paths: &Paths) -> Result<Found, FilesError> {
    let failed = |path: &Path, source| FilesError::Io { path: path.to_owned(), source };
    let of = |path: &Path| FileIdentity::of(path).map_err(|source| failed(path, source));
    let database = of(&paths.database)?
        .ok_or_else(|| failed(&paths.database, io::ErrorKind::NotFound.into()))?;
    let in_database = |source| failed(&paths.database, source);
    let is_empty = fs::metadata(&paths.log).is_ok_and(|metadata| metadata.len() == 0);
    let is_held = holders::is_held(&paths.database, &paths.index).map_err(in_database)?;
    Ok(Found {
        database,
        id: holders::application_id(&paths.database).map_err(in_database)?,
        log: of(&paths.log)?.filter(|_| is_held || !is_empty),
        index: of(&paths.index)?,
        is_held,
    })
}

fn judge(found: &Found, record: Option<&Record>) -> Verdict {
    // A database of an older program: nothing is known.
    let Some(record) = record else { return Verdict::Open };
    let is_same_database = record.database.is_same_file(&found.database)
        && (found.id == record.id || found.id == 0 || record.id == 0);
    let is = |noted: Option<FileIdentity>, found: Option<FileIdentity>| {
        noted.zip(found).is_some_and(|(noted, found)| noted.is_same_file(&found))
    };
    // Noted as closed: whoever has it open made log and index since.
    if found.is_held && is_same_database && record.log.is_some() {
        return match (is(record.log, found.log), is(record.index, found.index)) {
            (true, true) => Verdict::Open,
            (false, _) => Verdict::OtherLog,
            (true, false) => Verdict::OtherIndex,
        };
    }
    match found.log {
        Some(_) if is_same_database => Verdict::Open,
        None => Verdict::Open,
        Some(log) if is(record.log, Some(log)) => Verdict::SetAside,
        Some(_) => Verdict::UnknownLog,
    }
}

/// Moves log and index out of SQLite's way; tells where the log is now, if there was one.
pub(crate) fn set_aside(paths: &Paths) -> Result<Option<PathBuf>, FilesError> {
    let failed = |path: &Path, source| FilesError::Io { path: path.to_owned(), source };
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut moved = None;
    for path in [&paths.log, &paths.index] {
        let mut name = path.clone().into_os_string();
        name.push(format!(".foreign-{seconds}-{}", std::process::id()));
        match fs::rename(path, &name) {
            Ok(()) if path == &paths.log => moved = Some(PathBuf::from(name)),
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(path, error)),
        }
    }
    if let Some(folder) = paths.database.parent() {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| failed(folder, source))?;
    }
    if let Some(log) = &moved {
        tracing::warn!(
            database = %paths.database.display(), log = %log.display(),
            "the write-ahead log belonged to another file than the database that is there now; it \
             was moved away. What was committed last before the database was replaced is in it \
             alone: keep it until you know that you do not need that"
        );
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(inode: u64) -> FileIdentity {
        format!("{inode} 5 1").parse().unwrap()
    }

    fn record() -> Record {
        Record { database: file(1), log: Some(file(2)), index: Some(file(3)), id: 9 }
    }

    fn found() -> Found {
        let (log, index) = (Some(file(2)), Some(file(3)));
        Found { database: file(1), id: 9, log, index, is_held: false }
    }

    fn judge_with(change: impl FnOnce(&mut Found)) -> Verdict {
        let mut found = found();
        change(&mut found);
        judge(&found, Some(&record()))
    }

    #[test]
    fn files_that_belong_together_are_opened() {
        assert_eq!(judge_with(|_| {}), Verdict::Open);
        assert_eq!(judge_with(|found| found.is_held = true), Verdict::Open);
        assert_eq!(judge_with(|found| (found.log, found.index) = (None, None)), Verdict::Open);
        // Opened and left by another program after a clean end.
        assert_eq!(judge_with(|found| found.log = Some(file(7))), Verdict::Open);
        // Not in the header yet.
        assert_eq!(judge_with(|found| found.id = 0), Verdict::Open);
        assert_eq!(judge(&found(), None), Verdict::Open);
    }

    #[test]
    fn a_log_of_the_database_that_was_there_is_set_aside() {
        assert_eq!(judge_with(|found| found.database = file(7)), Verdict::SetAside);
        // A copy that was written over the file.
        assert_eq!(judge_with(|found| found.id = 7), Verdict::SetAside);
        // Those who use the new file did not open the old log.
        let held = |found: &mut Found| (found.database, found.is_held) = (file(7), true);
        assert_eq!(judge_with(held), Verdict::SetAside);
    }

    #[test]
    fn a_log_that_nobody_knows_is_refused() {
        let copied = |found: &mut Found| (found.database, found.log) = (file(7), Some(file(8)));
        assert_eq!(judge_with(copied), Verdict::UnknownLog);
        let without_log = |found: &mut Found| (found.database, found.log) = (file(7), None);
        assert_eq!(judge_with(without_log), Verdict::Open);
    }

    #[test]
    fn what_others_use_must_be_there() {
        let held = |change: fn(&mut Found)| {
            judge_with(|found| {
                found.is_held = true;
                change(found);
            })
        };
        assert_eq!(held(|found| found.log = None), Verdict::OtherLog);
        assert_eq!(held(|found| found.log = Some(file(8))), Verdict::OtherLog);
        assert_eq!(held(|found| found.index = None), Verdict::OtherIndex);
        let closed = Record { log: None, index: None, ..record() };
        let by_another_program = Found { is_held: true, log: Some(file(8)), ..found() };
        assert_eq!(judge(&by_another_program, Some(&closed)), Verdict::Open);
    }
}
