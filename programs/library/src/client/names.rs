//! Names of the library as paths here: always below the present folder, whatever the library says.
//!
//! No part of a name is `..` or a path of its own, nothing steers a terminal, and no link is followed
//! on the way: what is fetched cannot get out of the folder in which the command runs. The outermost
//! name loses dots at its beginning, so that nothing that a shell or another program reads by itself is
//! replaced where somebody works; what lies in a folder of its own keeps them.

use std::io;
use std::path::{Path, PathBuf};

use super::Failure;

/// Where an item belongs: in its folders, below the present one.
pub(super) fn below(folder: &str, name: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in folder.split('/').filter(|part| !part.is_empty()).chain([name]) {
        let is_outermost = path.as_os_str().is_empty();
        path.push(safe(part, is_outermost));
    }
    path
}

/// Makes the folders of such a path, those that are not there.
///
/// # Errors
/// When one cannot be made, or is a link or a file.
pub(super) fn make_folders(path: &Path) -> Result<(), Failure> {
    let mut folder = PathBuf::new();
    for part in path.parent().into_iter().flat_map(Path::components) {
        folder.push(part);
        match std::fs::symlink_metadata(&folder) {
            Ok(about) if about.is_dir() => {}
            Ok(_) => {
                let words = "a folder is to be here, and there is a file or a link, which is not \
                             followed; name another file with -o, or run this elsewhere";
                return Err(Failure::Differs(format!("{}: {words}", folder.display())));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match std::fs::create_dir(&folder) {
                    // Another part of the same folder was fetched at the same time.
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(Failure::of_file(&folder)(error));
                    }
                    _ => {}
                }
            }
            Err(error) => return Err(Failure::of_file(&folder)(error)),
        }
    }
    Ok(())
}

/// A name of the library as the name of a file here.
fn safe(name: &str, is_outermost: bool) -> String {
    let is_odd = |one: char| one == '/' || one == '\0' || tombolo_daemon::terminal::steers(one);
    let name: String = name.chars().map(|one| if is_odd(one) { '_' } else { one }).collect();
    let name = name.trim();
    let is_way = name.chars().all(|one| one == '.');
    let name = if is_outermost || is_way { name.trim_start_matches('.').trim() } else { name };
    match name.is_empty() {
        true => "download".to_owned(),
        false => shortened(name),
    }
}

/// Room is left for what stands around the names of partial files.
fn shortened(name: &str) -> String {
    let mut end = name.len().min(240);
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    name.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_no_paths() {
        for (name, expected) in [
            ("a.pdf", "a.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..", "download"),
            (".bashrc", "bashrc"),
            ("a\u{1b}[31m\u{202e}b", "a_[31m_b"),
            ("", "download"),
        ] {
            assert_eq!(below("", name), Path::new(expected), "{name:?}");
        }
    }

    #[test]
    fn folders_lead_nowhere_but_down() {
        for (folder, name, expected) in [
            ("photos/2026", "a.jpg", "photos/2026/a.jpg"),
            ("/etc", "passwd", "etc/passwd"),
            ("../../etc", "passwd", "download/download/etc/passwd"),
            (".ssh", "authorized_keys", "ssh/authorized_keys"),
            ("site/.well-known", ".nojekyll", "site/.well-known/.nojekyll"),
            ("a/./..", "b", "a/download/download/b"),
        ] {
            assert_eq!(below(folder, name), Path::new(expected), "{folder:?} {name:?}");
        }
    }

    #[test]
    fn no_link_is_followed() {
        let here = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), here.path().join("photos")).unwrap();
        let refused = make_folders(&here.path().join("photos/2026/a.jpg")).unwrap_err();
        assert!(refused.to_string().contains("not followed"), "{refused}");
        assert!(std::fs::read_dir(elsewhere.path()).unwrap().next().is_none());
        make_folders(&here.path().join("films/2026/a.mkv")).unwrap();
        make_folders(&here.path().join("films/2026/b.mkv")).unwrap();
        assert!(here.path().join("films/2026").is_dir());
    }

    proptest! {
        #[test]
        fn any_name_stays_below_the_present_folder(folder in ".{0,100}", name in ".{0,300}") {
            let path = below(&folder, &name);
            prop_assert!(path.components().all(|one| matches!(one, Component::Normal(_))));
            prop_assert!(!path.to_string_lossy().starts_with('.'));
            prop_assert!(path.file_name().is_some_and(|name| name.len() <= 240));
        }
    }
}
