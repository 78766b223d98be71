//! The control group (version 2) that bounds the memory of this process, if one does. Beyond its
//! limit the kernel kills processes, so what is used is compared with it beforehand.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = "/sys/fs/cgroup";

/// The group whose limit is the least of all that hold for this process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ControlGroup {
    folder: PathBuf,
    limit: u64,
}

impl ControlGroup {
    pub(super) fn of_this_process() -> Option<Self> {
        Self::of(Path::new(ROOT), &fs::read_to_string("/proc/self/cgroup").ok()?)
    }

    /// `memberships` is what `/proc/PID/cgroup` says.
    fn of(root: &Path, memberships: &str) -> Option<Self> {
        let path = memberships.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let own = root.join(path);
        let groups = own.ancestors().take_while(|folder| folder.starts_with(root));
        let limited = groups.filter_map(|folder| {
            let limit = number(&fs::read_to_string(folder.join("memory.max")).ok()?)?;
            Some(Self { folder: folder.to_owned(), limit })
        });
        limited.min_by_key(|group| group.limit)
    }

    /// In bytes.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether less than `reserve` bytes are left. Pages of files do not count: the kernel drops
    /// them before it kills.
    pub(super) fn is_short(&self, reserve: u64) -> bool {
        let enough = self.limit.saturating_sub(reserve);
        let Some(used) = self.read("memory.current").as_deref().and_then(number) else {
            return false;
        };
        if used < enough {
            return false;
        }
        let told = self.read("memory.stat").unwrap_or_default();
        used.saturating_sub(droppable(&told)) >= enough
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(name)).ok()
    }
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// What the kernel can take back of a group whose `memory.stat` this is.
fn droppable(told: &str) -> u64 {
    let of = |name: &str| {
        let mut lines = told.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(of, _)| *of == name).and_then(|(_, value)| number(value)).unwrap_or(0)
    };
    // `file` has shared memory and pages that are still to be written in it, which stay.
    let files = of("file").saturating_sub(of("shmem")).saturating_sub(of("file_dirty"));
    files.saturating_add(of("slab_reclaimable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(folder: &Path, max: &str, current: u64, stat: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("memory.max"), max).unwrap();
        fs::write(folder.join("memory.current"), format!("{current}\n")).unwrap();
        fs::write(folder.join("memory.stat"), stat).unwrap();
    }

    #[test]
    fn the_least_limit_above_the_process_holds_and_pages_of_files_do_not_count() {
        let root = tempfile::tempdir().unwrap();
        let slice = root.path().join("system.slice");
        group(&slice, "100000\n", 95_000, "anon 40000\nfile 50000\nshmem 1000\nfile_dirty 500\n");
        group(&slice.join("tombolo.service"), "max\n", 95_000, "");
        let memberships = "1:cpu:/elsewhere\n0::/system.slice/tombolo.service\n";
        let found = ControlGroup::of(root.path(), memberships).unwrap();
        assert_eq!(found, ControlGroup { folder: slice.clone(), limit: 100_000 });
        assert!(!found.is_short(10_000), "most of it is files");
        group(&slice, "100000\n", 95_000, "anon 90000\nfile 4000\nshmem 0\nfile_dirty 0\n");
        assert!(found.is_short(10_000));
        assert!(!found.is_short(5_000));
    }

    #[test]
    fn without_a_limit_or_a_group_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        group(&root.path().join("a"), "max\n", 1, "");
        assert_eq!(ControlGroup::of(root.path(), "0::/a\n"), None);
        assert_eq!(ControlGroup::of(root.path(), "4:memory:/a\n"), None);
        assert_eq!(ControlGroup::of(root.path(), "0::/gone\n"), None);
    }
}
