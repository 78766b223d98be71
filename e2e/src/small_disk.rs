//! A disk of a test's own, so small that it can be filled.

use std::path::{Path, PathBuf};

use crate::Foreign;

/// A file system in memory, unmounted when dropped.
pub struct SmallDisk {
    path: PathBuf,
    _home: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts one of so many bytes. None where this user may not mount; root always may.
    pub fn mount(bytes: u64) -> Option<Self> {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("disk");
        std::fs::create_dir(&path).expect("a folder in it");
        let options = format!("size={bytes},mode=0777");
        let mount =
            Foreign::program("mount", "mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]);
        if mount.arg(&path).run().code == Some(0) {
            return Some(Self { path, _home: home });
        }
        assert!(!rustix::process::geteuid().is_root(), "root can mount");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes so many bytes of it, or what there is.
    pub fn take(&self, bytes: usize) {
        // On a disk that is full before, the rest of the bytes finds no room: as meant.
        let _ = std::fs::write(self.path.join("taken"), vec![1; bytes]);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Detached: a process that is just ending may still hold a file.
        Foreign::program("umount", "mount").arg("-l").arg(&self.path).run();
    }
}
