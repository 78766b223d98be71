//! Looking at every file there is: to count them after a start, and to purge.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::store::core::Core;
use crate::store::index::SHARDS;
use crate::store::queues::Enter;
use crate::store::slot::Slot;

/// First-level folders.
const FOLDERS: usize = 256;

/// Calls `act` for each file in one of the 256 first-level folders, until it says false. What is
/// not named like an entry of its folder is removed: nothing else belongs there.
pub(in crate::store) fn files(
    entries: &Path,
    folder: usize,
    mut act: impl FnMut(Slot, &fs::DirEntry) -> bool,
) -> io::Result<()> {
    let first = entries.join(format!("{folder:02x}"));
    let seconds = match fs::read_dir(&first) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for second in seconds.flatten() {
        let inside = match fs::read_dir(second.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                let _: io::Result<()> = fs::remove_file(second.path());
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for file in inside.flatten() {
            match slot_of(entries, &file) {
                Some(slot) if !act(slot, &file) => return Ok(()),
                Some(_) => {}
                None => drop(fs::remove_file(file.path())),
            }
        }
    }
    Ok(())
}

fn slot_of(entries: &Path, file: &fs::DirEntry) -> Option<Slot> {
    let slot = Slot::of_name(file.file_name().to_str()?)?;
    (slot.path(entries) == file.path()).then_some(slot)
}

/// Counts what is there. A file that was used after it was stored enters the main queue; both
/// queues are in the order of time, which is the order before the restart but for ties.
pub(in crate::store) fn walk(core: &Core) -> io::Result<()> {
    const PER_SHARD: usize = FOLDERS / SHARDS;
    for shard in 0..SHARDS {
        let mut found: Vec<(i128, Slot, u64, bool)> = Vec::new();
        for folder in shard * PER_SHARD..(shard + 1) * PER_SHARD {
            files(core.layout.entries(), folder, |slot, file| {
                if let Ok(about) = file.metadata().map_err(drop)
                    && about.is_file()
                {
                    let (used_at, stored_at) = times(&about);
                    found.push((used_at.max(stored_at), slot, about.len(), used_at > stored_at));
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
fn times(about: &fs::Metadata) -> (i128, i128) {
    let nanos = |s: i64, n: i64| i128::from(s) * 1_000_000_000 + i128::from(n);
    (nanos(about.atime(), about.atime_nsec()), nanos(about.mtime(), about.mtime_nsec()))
}

/// Writes the use of an entry to the disk, where the next start finds it.
pub(in crate::store) fn note_use(path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, utimensat};
    let special = |nanos| Timespec { tv_sec: 0, tv_nsec: nanos };
    let times =
        Timestamps { last_access: special(UTIME_NOW), last_modification: special(UTIME_OMIT) };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
