//! A disk of 20 MiB of its own, where the system lets one be mounted.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tmpfs; unmounted when dropped.
pub(crate) struct SmallDisk {
    path: PathBuf,
    _home: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts one. None, with a word about it, where that takes rights we do not have.
    pub(crate) fn mount() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=20m,mode=777", "tmpfs"]).arg(&path);
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self { path, _home: home });
        }
        // Not by eprintln: that would be kept from whoever runs a test that passes.
        let why = "SKIPPED: no tmpfs can be mounted here; run the tests of full disks as root";
        let _ = writeln!(std::io::stderr(), "{why}");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Mounts it anew with other options, such as `ro`.
    pub(crate) fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let mut mount = Command::new("mount");
        assert!(mount.args(["-o", &options]).arg(&self.path).status().unwrap().success());
    }

    /// Takes all the space there is.
    pub(crate) fn fill(&self) -> PathBuf {
        let hog = self.path.join("hog");
        assert!(std::fs::write(&hog, vec![1; 30 << 20]).is_err(), "it is larger than asked for");
        hog
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
