//! A disk that is full, a small one of its own: 507, what was acknowledged stays, and the upload
//! goes on once there is room.

use std::path::Path;

use tombolo_e2e::{Foreign, eventually};

use crate::cluster::{Cluster, Uploader};
use crate::noise;

const MIB: usize = 1024 * 1024;

/// A file system in memory, unmounted when dropped.
struct SmallDisk<'p>(&'p Path);

impl<'p> SmallDisk<'p> {
    /// None where this user may not mount.
    fn mount(path: &'p Path, bytes: usize) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let options = format!("size={bytes},mode=0700");
        let mount =
            Foreign::program("mount", "mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]);
        let mounted = mount.arg(path).run();
        (mounted.code == Some(0)).then_some(Self(path))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Detached: a process that is just ending may still hold a file.
        Foreign::program("umount", "mount").arg("-l").arg(self.0).run();
    }
}

#[test]
fn a_full_disk_is_told_and_the_upload_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk");
    let Some(_disk) = SmallDisk::mount(&place, 12 * MIB) else {
        assert!(!rustix::process::geteuid().is_root(), "root can mount");
        return;
    };
    let cluster =
        Cluster::start_with(folder_of_cluster(), format!("file:{}/objects", place.display()));
    let ana = Uploader::new(&cluster.token());
    let address = cluster.gateway.address();
    // Announced: refused before the first byte.
    let length = (20 * MIB).to_string();
    let fields = [("Upload-Length", length.as_str())];
    let refused = ana.tus(address, "POST", "/library/api/uploads", &fields, b"");
    assert_eq!(refused.status, 507, "{refused:?}");
    // Not announced: the disk fills up on the way.
    let all = noise(8 * MIB);
    let created =
        ana.tus(address, "POST", "/library/api/uploads", &[("Upload-Defer-Length", "1")], b"");
    let location = created.field("Location").unwrap();
    let upload = location[location.find("/library").unwrap()..].to_owned();
    assert_eq!(ana.patch(address, &upload, 0, &all[..2 * MIB]).status, 204);
    let filler = place.join("filler");
    std::fs::write(&filler, vec![1; 8 * MIB]).unwrap();
    let full = ana.patch(address, &upload, 2 * MIB, &all[2 * MIB..]);
    assert_eq!(full.status, 507, "{full:?}");
    let told = ana.head(address, &upload);
    assert!((2 * MIB..8 * MIB).contains(&told.offset()), "{}", told.offset());
    std::fs::remove_file(&filler).unwrap();
    let length = all.len().to_string();
    let done = eventually("the rest to be taken", || {
        let offset = ana.head(address, &upload).offset();
        let fields = [
            ("Content-Type", "application/offset+octet-stream"),
            ("Upload-Offset", &offset.to_string()),
            ("Upload-Length", &length),
        ];
        let rest = ana.tus(address, "PATCH", &upload, &fields, &all[offset..]);
        (rest.status == 204).then_some(rest)
    });
    assert_eq!(done.offset(), all.len());
    assert!(done.field("Library-Item").is_some());
}

#[test]
fn a_full_disk_of_the_database_is_told_and_the_upload_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk");
    let Some(_disk) = SmallDisk::mount(&place, 12 * MIB) else {
        assert!(!rustix::process::geteuid().is_root(), "root can mount");
        return;
    };
    let objects = format!("file:{}", folder.path().join("objects").display());
    let database = format!("sqlite:{}", place.join("library.db").display());
    let cluster = Cluster::start_at(folder_of_cluster(), &database, objects);
    let ana = Uploader::new(&cluster.token());
    // The gateway would ask others for a while.
    let address = cluster.replicas[0].address();
    let all = noise(8 * MIB);
    let upload = ana.create(address, all.len());
    assert_eq!(ana.patch(address, &upload, 0, &all[..MIB]).status, 204);
    let filler = place.join("filler");
    // As much as fits.
    assert!(std::fs::write(&filler, vec![1; 20 * MIB]).is_err());
    let mut offset = MIB;
    // A log whose file has room takes some more.
    let full = eventually("a refusal", || {
        let end = (offset + 10_000).min(all.len());
        let answer = ana.patch(address, &upload, offset, &all[offset..end]);
        if answer.status == 204 {
            offset = answer.offset();
            return None;
        }
        Some(answer)
    });
    assert_eq!(full.status, 507, "{full:?}");
    std::fs::remove_file(&filler).unwrap();
    let done = eventually("the rest to be taken", || {
        let told = ana.head(address, &upload);
        if told.status != 200 {
            return None;
        }
        assert_eq!(told.offset(), offset, "what was acknowledged, and nothing else");
        let rest = ana.patch(address, &upload, offset, &all[offset..]);
        (rest.status == 204).then_some(rest)
    });
    assert!(done.field("Library-Item").is_some());
    assert!(cluster.newest(&ana.token()) == all);
}

/// The database has a disk of its own: only content meets the small one.
fn folder_of_cluster() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
