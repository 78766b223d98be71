//! Backups: a consistent copy of a database while it is used, and of the files that it names; and
//! its way back.
//!
//! A backup is a folder: the copies, `manifest.json` that describes it, and `CHECKSUMS`, which
//! `b3sum --check CHECKSUMS` can verify too. It is written under another name (`NAME.part`) and
//! renamed when all of it is on the disk, so a folder that has the name is whole.

mod client;
mod error;
mod folder;
mod inventory;
mod manifest;
mod objects;
mod postgres;
mod put_back;
mod sqlite;

use std::path::Path;

pub use self::error::BackupError;
pub use self::inventory::{Inventory, Stored};
pub use self::manifest::{Copied, CopiedObjects, Manifest};
pub use self::put_back::UNFINISHED_RESTORE;

use self::folder::Draft;
use self::manifest::Sum;
use self::objects::Copying;
use self::put_back::Returning;
use crate::objects::ObjectsUrl;
use crate::url::{DatabaseUrl, Engine};

/// How often the database is copied once more because files that it names were removed meanwhile.
const ROUNDS: usize = 4;

/// Copies the database at `url`, and the files among the objects that it names, into a new folder,
/// while they are used.
///
/// # Errors
/// When the folder has something in it, the database or the objects cannot be read, or the copy
/// does not hold what it should; nothing is left then under the folder's name.
pub async fn backup(
    url: &DatabaseUrl,
    objects: &ObjectsUrl,
    inventory: &Inventory,
    folder: &Path,
) -> Result<Manifest, BackupError> {
    let draft = Draft::begin(folder)?;
    let (copied, objects, sums) = copy(url, objects, inventory, &draft).await?;
    draft.sync()?;
    let manifest = Manifest::new(copied, objects);
    manifest.write(draft.path(), &sums)?;
    // What was written is read back: the disk has the last word.
    Manifest::verify(draft.path())?;
    draft.finish()?;
    Ok(manifest)
}

/// The database first, then what it names; both again while some of that is gone.
async fn copy(
    url: &DatabaseUrl,
    objects: &ObjectsUrl,
    inventory: &Inventory,
    draft: &Draft,
) -> Result<(Copied, Option<CopiedObjects>, Vec<Sum>), BackupError> {
    let mut copying = match objects {
        ObjectsUrl::Folder(folder) => Some(Copying::new(folder, draft.path())?),
        ObjectsUrl::Bucket(_) => None,
    };
    let mut round = 0;
    loop {
        let (copied, stored) = match url.engine() {
            Engine::Sqlite => {
                sqlite::copy(url, &draft.path().join(sqlite::FILE), inventory).await?
            }
            Engine::Postgres => {
                postgres::dump(url, &draft.path().join(postgres::FILE), inventory).await?
            }
        };
        let Some(stored) = stored else { return Ok((copied, None, Vec::new())) };
        let Some(copying_here) = &mut copying else {
            let files = u64::try_from(stored.len()).unwrap_or(u64::MAX);
            let elsewhere = CopiedObjects::Elsewhere { address: objects.to_string(), files };
            return Ok((copied, Some(elsewhere), Vec::new()));
        };
        round += 1;
        if copying_here.copy(&stored)? == 0 || round == ROUNDS {
            let files = copying.map(Copying::finish).map(|copied| {
                let (bytes, damaged) = (copied.bytes, copied.damaged);
                let files = u64::try_from(copied.sums.len()).unwrap_or(u64::MAX);
                (CopiedObjects::Here { files, bytes, damaged }, copied.sums)
            });
            let (here, sums) = files.unzip();
            return Ok((copied, here, sums.unwrap_or_default()));
        }
        draft.forget_database()?;
    }
}

/// Puts a backup where the database at `url` and its files are to be. Nothing may be there yet.
///
/// # Errors
/// When the backup is damaged, or a database or files are there or in use; then nothing was changed.
pub async fn restore(
    folder: &Path,
    url: &DatabaseUrl,
    objects: &ObjectsUrl,
) -> Result<Manifest, BackupError> {
    let (manifest, files) = Manifest::verified(folder)?;
    let is_of_engine = match (&manifest.copied, url.engine()) {
        (Copied::Sqlite { .. }, Engine::Sqlite) => {
            sqlite::refuse_in_the_way(url)?;
            true
        }
        (Copied::Postgres { .. }, Engine::Postgres) => {
            postgres::refuse_in_the_way(url).await?;
            true
        }
        _ => false,
    };
    if !is_of_engine {
        return Err(BackupError::refused(format!(
            "{} holds a {} database, and {url} is none; name one of that kind",
            folder.display(),
            manifest.copied.engine()
        )));
    }
    let returning = place_files(&manifest, folder, &files, objects)?;
    let placed = match manifest.copied {
        Copied::Sqlite { .. } => sqlite::put_back(&folder.join(sqlite::FILE), url),
        Copied::Postgres { .. } => postgres::load(&folder.join(postgres::FILE), url),
    };
    match (placed, returning) {
        (Ok(()), Some(returning)) => returning.finish()?,
        (Ok(()), None) => {}
        (Err(error), returning) => {
            if let Some(returning) = returning {
                returning.withdraw()?;
            }
            return Err(error);
        }
    }
    Ok(manifest)
}

/// Puts the files of a backup in their place, if it has any.
fn place_files(
    manifest: &Manifest,
    folder: &Path,
    files: &[Sum],
    objects: &ObjectsUrl,
) -> Result<Option<Returning>, BackupError> {
    match (&manifest.objects, objects) {
        (None, _) => Ok(None),
        (Some(CopiedObjects::Here { files: 0, .. }), _) => Ok(None),
        (Some(CopiedObjects::Here { .. }), ObjectsUrl::Folder(target)) => {
            let returning = Returning::begin(target)?;
            returning.copy(folder, files)?;
            returning.place()?;
            Ok(Some(returning))
        }
        (Some(CopiedObjects::Here { .. }), ObjectsUrl::Bucket(_)) => {
            Err(BackupError::refused(format!(
                "{} holds files, and {objects} is an object store; restore to a folder \
                 (--objects file:PATH), then copy its files into the store",
                folder.display()
            )))
        }
        (Some(CopiedObjects::Elsewhere { address, .. }), _) if *address != objects.to_string() => {
            Err(BackupError::refused(format!(
                "the files of {} are in {address}, and not in {objects}; name that with --objects",
                folder.display()
            )))
        }
        (Some(CopiedObjects::Elsewhere { .. }), _) => Ok(None),
    }
}
