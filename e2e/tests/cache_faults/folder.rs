//! The cache directory goes away while the gateway runs: removed, closed, replaced. No request
//! fails; when it can be used again, it is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::disk::{TROUBLE, load, recovers};
use crate::shelf::Shelf;
use crate::{caching, dir, files_below};
use tombolo_e2e::{Tombolo, eventually};

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn tells(gateway: &Tombolo) {
    gateway.stderr().wait_for(TROUBLE, |line| line.contains(TROUBLE).then_some(()));
}

#[test]
fn removed_it_is_made_again() {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    let folder = home.path().join("cache");
    let gateway = caching(&shelf.origin, &dir(&folder)).workers(2).start();
    load(&gateway, 0..30, 60);
    // What is being stored at this moment can get in the way, as it does for rm.
    eventually("the directory to be removed", || std::fs::remove_dir_all(&folder).ok());
    load(&gateway, 0..60, 120);
    recovers_quietly(&gateway);
    assert!(!files_below(&folder.join("entries")).is_empty());
}

/// What is asked for becomes a hit; whether there was anything to complain about is not asked.
fn recovers_quietly(gateway: &Tombolo) {
    eventually("the cache to be filled again", || {
        load(gateway, 500..503, 12);
        (load(gateway, 500..503, 12) == 12).then_some(())
    });
}

#[test]
fn replaced_by_a_file_it_is_told_of() {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    let folder = home.path().join("cache");
    let gateway = caching(&shelf.origin, &dir(&folder)).workers(2).start();
    load(&gateway, 0..30, 60);
    std::fs::rename(&folder, home.path().join("moved")).unwrap();
    std::fs::write(&folder, "a file").unwrap();
    load(&gateway, 100..160, 120);
    tells(&gateway);
    std::fs::remove_file(&folder).unwrap();
    recovers(&gateway, 2000);
}

#[test]
fn without_permissions_it_is_told_of() {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    chmod(home.path(), 0o777);
    let folder = home.path().join("cache");
    let text = caching(&shelf.origin, &dir(&folder)).workers(2).text();
    let gateway = Tombolo::gateway_unprivileged(&text);
    load(&gateway, 0..30, 60);
    // As root we may change what is another's.
    for file in [&folder, &folder.join("entries"), &folder.join("tmp")] {
        chmod(file, 0o000);
    }
    load(&gateway, 100..160, 120);
    tells(&gateway);
    for file in [&folder, &folder.join("entries"), &folder.join("tmp")] {
        chmod(file, 0o755);
    }
    recovers(&gateway, 2000);
}

#[test]
fn read_only_it_is_told_of() {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    chmod(home.path(), 0o777);
    let folder = home.path().join("cache");
    let text = caching(&shelf.origin, &(dir(&folder) + "memory = 0")).workers(2).text();
    let gateway = Tombolo::gateway_unprivileged(&text);
    eventually("a few responses to be stored", || (load(&gateway, 0..3, 12) == 12).then_some(()));
    chmod(&folder.join("tmp"), 0o555);
    load(&gateway, 100..160, 120);
    tells(&gateway);
    assert_eq!(load(&gateway, 0..3, 12), 12, "what is stored is still read");
    chmod(&folder.join("tmp"), 0o755);
    recovers(&gateway, 2000);
}

#[test]
fn that_of_somebody_else_is_left_alone_and_told_of() {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    let project = home.path().join("project");
    for name in ["tmp/upload.bin", "tmp/sub/kept", "purge.log"] {
        let file = project.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "precious").unwrap();
    }
    let before = files_below(&project);
    let gateway = caching(&shelf.origin, &dir(&project)).workers(2).start();
    let told = |line: &str| line.contains("is left alone").then_some(());
    gateway.stderr().wait_for("why it is not used", told);
    load(&gateway, 0..30, 60);
    assert_eq!(files_below(&project), before);
    assert!(before.iter().all(|file| std::fs::read(file).unwrap() == b"precious"));
}
