//! Folders on a real file system.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn refusal(result: io::Result<Folder>) -> Refusal {
    Refusal::of(&result.unwrap_err()).unwrap().clone()
}

#[test]
fn what_is_made_is_for_this_user_alone() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("a/b/");
    let folder = Folder::make(&path).unwrap();
    folder.make_all("c/d").unwrap();
    folder.file("c/d/file", Access::New).unwrap();
    folder.replace("text", b"first").unwrap();
    folder.replace("text", b"second").unwrap();
    assert_eq!(fs::read(path.join("text")).unwrap(), b"second");
    folder.folder("run").unwrap();
    for (name, expected) in
        [("", 0o700), ("c", 0o700), ("c/d", 0o700), ("run", 0o700), ("c/d/file", 0o600)]
    {
        assert_eq!(mode(&plain(&path.join(name))), expected, "{name}");
    }
    assert_eq!(mode(&path.join("text")), 0o600);
    assert_eq!(folder.entries().unwrap().len(), 3, "no draft is left");
}

#[test]
fn a_folder_that_others_may_read_is_closed_and_one_they_may_write_to_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("data");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
    Folder::open(&path).unwrap();
    assert_eq!(mode(&path), 0o700, "an empty one is closed");
    fs::write(path.join("file"), "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    Folder::open(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
    fs::set_permissions(&path, Permissions::from_mode(0o775)).unwrap();
    let words = refusal(Folder::open(&path)).to_string();
    assert!(words.contains("mode 0775") && words.contains("chmod 700"), "{words}");
    assert_eq!(mode(&path), 0o775, "what is refused stays as it is");
}

#[test]
fn links_below_are_refused_and_one_of_our_own_in_its_place_is_followed() {
    let outside = tempfile::tempdir().unwrap();
    let (real, link) = (outside.path().join("real"), outside.path().join("link"));
    let folder = Folder::make(&real).unwrap();
    symlink(&real, &link).unwrap();
    Folder::make(&link).unwrap();
    fs::write(outside.path().join("precious"), "x").unwrap();
    symlink("../precious", real.join("file")).unwrap();
    symlink("..", real.join("run")).unwrap();
    assert!(matches!(refusal(folder.folder("run")), Refusal::Link { .. }));
    for access in [Access::Read, Access::Make, Access::New, Access::Append] {
        assert!(folder.file("file", access).is_err(), "{access:?}");
        assert!(folder.file("run/precious", access).is_err(), "{access:?}");
    }
    assert!(folder.remove("run/precious").is_err());
    assert!(folder.rename("file", &folder, "run/other").is_err());
    folder.replace("file", b"mine").unwrap();
    assert_eq!(fs::read(outside.path().join("precious")).unwrap(), b"x");
    assert_eq!(fs::read(real.join("file")).unwrap(), b"mine");
}

#[test]
fn a_folder_or_link_of_another_user_is_refused() {
    // Only root can give a folder away.
    if own_user() != 0 {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    let (path, link) = (outside.path().join("data"), outside.path().join("link"));
    fs::create_dir(&path).unwrap();
    symlink(outside.path(), &link).unwrap();
    let other = Some(65534);
    std::os::unix::fs::lchown(&path, other, None).unwrap();
    std::os::unix::fs::lchown(&link, other, None).unwrap();
    let words = refusal(Folder::make(&path)).to_string();
    assert!(words.contains("belongs to user 65534"), "{words}");
    assert!(matches!(refusal(Folder::make(&link)), Refusal::ForeignLink { .. }));
}
