//! Backups: a consistent copy of a database while it is used, and its way back.
//!
//! A backup is a folder: the copy, `manifest.json` that describes it, and `CHECKSUMS`, which
//! `b3sum --check CHECKSUMS` can verify too. It is written under another name (`NAME.part`) and
//! renamed when all of it is on the disk, so a folder that has the name is whole.

mod client;
mod error;
mod folder;
mod manifest;
mod postgres;
mod sqlite;

use std::path::Path;

pub use self::error::BackupError;
pub use self::manifest::{Copied, Manifest};

use self::folder::Draft;
use crate::url::{DatabaseUrl, Engine};

/// Copies the database at `url` into a new folder, while it is used.
///
/// # Errors
/// When the folder has something in it, the database cannot be read, or the copy does not hold
/// what it should; nothing is left then under the folder's name.
pub async fn backup(url: &DatabaseUrl, folder: &Path) -> Result<Manifest, BackupError> {
    let draft = Draft::begin(folder)?;
    let copied = match url.engine() {
        Engine::Sqlite => sqlite::copy(url, &draft.path().join(sqlite::FILE)).await?,
        Engine::Postgres => postgres::dump(url, &draft.path().join(postgres::FILE))?,
    };
    let manifest = Manifest::new(copied);
    manifest.write(draft.path())?;
    // What was written is read back: the disk has the last word.
    Manifest::verify(draft.path())?;
    draft.finish()?;
    Ok(manifest)
}

/// Puts a backup where the database at `url` is to be. Nothing may be there yet.
///
/// # Errors
/// When the backup is damaged, or a database is there or in use; then nothing was changed.
pub async fn restore(folder: &Path, url: &DatabaseUrl) -> Result<Manifest, BackupError> {
    let manifest = Manifest::verify(folder)?;
    match (&manifest.copied, url.engine()) {
        (Copied::Sqlite { .. }, Engine::Sqlite) => {
            sqlite::put_back(&folder.join(sqlite::FILE), url)?;
        }
        (Copied::Postgres { .. }, Engine::Postgres) => {
            postgres::load(&folder.join(postgres::FILE), url).await?;
        }
        (copied, _) => {
            return Err(BackupError::refused(format!(
                "{} holds a {} database, and {url} is none; name one of that kind",
                folder.display(),
                copied.engine()
            )));
        }
    }
    Ok(manifest)
}
