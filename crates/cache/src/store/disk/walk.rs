//! Looking at every file there is: to count them after a start, and to purge.

use std::ffi::OsStr;
use std::io;

use rustix::fs::{FileType, Stat};
use tombolo_files::{Access, Folder, Refusal};

use super::layout::Layout;
use crate::store::core::Core;
use crate::store::index::SHARDS;
use crate::store::queues::Enter;
use crate::store::slot::Slot;

/// First-level folders.
const FOLDERS: usize = 256;

/// Calls `act` with the slot, folder and name of each file in one of the 256 first-level folders,
/// until it says false. What is not named like an entry of its folder was not written by the store
/// and is left alone.
pub(in crate::store) fn files(
    layout: &Layout,
    folder: usize,
    mut act: impl FnMut(Slot, &Folder, &OsStr) -> bool,
) -> io::Result<()> {
    let dir = layout.dir()?;
    let Some(first) = folder_of(&dir.entries, format!("{folder:02x}").as_ref())? else {
        return Ok(());
    };
    for second in first.entries()? {
        let Some(inside) = folder_of(&first, &second.name)? else { continue };
        for file in inside.entries()? {
            let slot = file.name.to_str().and_then(Slot::of_name);
            let place = format!("{folder:02x}/{}", second.name.display());
            if let Some(slot) = slot.filter(|slot| slot.folder() == place)
                && !act(slot, &inside, &file.name)
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A folder in another one; none if it is something else, or gone.
fn folder_of(parent: &Folder, name: &OsStr) -> io::Result<Option<Folder>> {
    match parent.below(name) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if Refusal::of(&error).is_some() => {
            tracing::warn!(%error, "not a folder of the cache");
            Ok(None)
        }
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => Err(error),
        },
    }
}

/// Counts what is there. A file that was used after it was stored enters the main queue; both
/// queues are in the order of time, which is the order before the restart but for ties.
pub(in crate::store) fn walk(core: &Core) -> io::Result<()> {
    const PER_SHARD: usize = FOLDERS / SHARDS;
    for shard in 0..SHARDS {
        let mut found: Vec<(i128, Slot, u64, bool)> = Vec::new();
        for folder in shard * PER_SHARD..(shard + 1) * PER_SHARD {
            files(&core.layout, folder, |slot, inside, name| {
                if let Ok(about) = inside.about(name)
                    && FileType::from_raw_mode(about.st_mode).is_file()
                {
                    let (used_at, stored_at) = times(&about);
                    let length = u64::try_from(about.st_size).unwrap_or(0);
                    found.push((used_at.max(stored_at), slot, length, used_at > stored_at));
                }
                !core.closing()
            })?;
        }
        found.sort_unstable_by_key(|(time, ..)| std::cmp::Reverse(*time));
        for (_, slot, length, used) in found {
            core.index.insert(slot, length, Enter::Found { used });
        }
        core.make_room();
        if core.closing() {
            return Ok(());
        }
    }
    core.index.set_complete(true);
    Ok(())
}

/// When a file was last used and when it was stored, in nanoseconds.
fn times(about: &Stat) -> (i128, i128) {
    let nanos = |s: i64, n: u64| i128::from(s) * 1_000_000_000 + i128::from(n);
    let read = nanos(about.st_atime, about.st_atime_nsec);
    (read, nanos(about.st_mtime, about.st_mtime_nsec))
}

/// Writes the use of an entry to the disk, where the next start finds it.
pub(in crate::store) fn note_use(layout: &Layout, slot: Slot) -> io::Result<()> {
    use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};
    let special = |nanos| Timespec { tv_sec: 0, tv_nsec: nanos };
    let times =
        Timestamps { last_access: special(UTIME_NOW), last_modification: special(UTIME_OMIT) };
    let file = layout.dir()?.entries.file(slot.below(), Access::Read)?;
    Ok(futimens(&file, &times)?)
}
