//! Files up and down, cut in the middle.

use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;
use tombolo_e2e::{Chance, Tombolo, eventually};

use crate::Library;

const MEBIBYTE: usize = 1 << 20;

/// A file of bytes that no compression shortens.
fn file(library: &Library, name: &str, length: usize) -> Vec<u8> {
    let bytes = Chance::new().bytes(length);
    std::fs::write(library.path(name), &bytes).unwrap();
    bytes
}

/// The id of the one item that a run of `put` told.
fn item(told: &str) -> String {
    told.split_whitespace().next().unwrap().to_owned()
}

/// A client that is to be killed.
fn start(library: &Library, arguments: &[&str]) -> Child {
    let server = library.gateway.url("");
    let mut command = std::process::Command::new(Tombolo::path());
    command.args(arguments).args(["--server", server.trim_end_matches('/')]);
    command.env("XDG_CONFIG_HOME", library.path("config")).current_dir(library.folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Whether some file of a folder, or of one in it, has bytes.
fn has_bytes(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|one| {
        let Ok(about) = one.metadata() else { return false };
        if about.is_dir() {
            return has_bytes(&one.path());
        }
        // What is set aside is not there yet.
        std::os::unix::fs::MetadataExt::blocks(&about) > 0
    })
}

#[test]
fn a_file_arrives_whole_whatever_is_killed() {
    let mut library = Library::start();
    library.log_in();
    let bytes = file(&library, "film.mkv", 24 * MEBIBYTE);
    // The client dies in the middle of an upload, as early as there are bytes.
    let mut client = start(&library, &["put", "film.mkv"]);
    eventually("bytes of the upload", || {
        let is_over = client.try_wait().unwrap().is_some();
        (is_over || has_bytes(&library.path("objects"))).then_some(())
    });
    client.kill().unwrap();
    client.wait().unwrap();
    // The next one goes on; a replica dies under it, and then another.
    let put = library.client(&["put", "film.mkv"]);
    let told = std::thread::scope(|scope| {
        let running = scope.spawn(|| put.run());
        library.replicas[0].kill();
        library.replicas[1].kill();
        running.join().unwrap().succeeded()
    });
    let id = item(&told);
    // What is there is not sent again.
    let again = library.client(&["put", "film.mkv"]).run().succeeded();
    assert!(again.contains("(was there)") && again.contains(&id), "{again}");

    // And down again, with a client that dies.
    let mut client = start(&library, &["get", &id, "-o", "copy.mkv", "--at-once", "2"]);
    let part = library.path(".copy.mkv.part");
    eventually("a part of the download", || {
        let is_over = client.try_wait().unwrap().is_some();
        (is_over || part.exists()).then_some(())
    });
    client.kill().unwrap();
    client.wait().unwrap();
    library.client(&["get", &id, "-o", "copy.mkv"]).run().succeeded();
    assert!(std::fs::read(library.path("copy.mkv")).unwrap() == bytes, "other bytes");
    assert!(!part.exists() && !library.path(".copy.mkv.parts").exists());
}

#[test]
fn folders_go_up_and_come_down_as_they_were() {
    let library = Library::start();
    library.log_in();
    std::fs::create_dir_all(library.path("photos/2026")).unwrap();
    let one = file(&library, "photos/one.jpg", 3 * MEBIBYTE);
    let two = file(&library, "photos/2026/two.jpg", 1);
    // The same name and the same bytes in two folders are two items.
    std::fs::write(library.path("photos/two.jpg"), &two).unwrap();
    file(&library, "photos/2026/.empty", 0);
    std::os::unix::fs::symlink("/etc/passwd", library.path("photos/link")).unwrap();
    let told = library.client(&["put", "--json", "photos"]).run().succeeded();
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "{told}");
    let again = library.client(&["put", "photos"]).run().succeeded();
    assert_eq!(again.matches("(was there)").count(), 3, "empty files tell nothing: {again}");
    let line = lines.iter().find(|line| line["file"] == "photos/one.jpg").unwrap();
    assert_eq!(line["folder"], "photos");
    let id = line["item"].as_str().unwrap();

    std::fs::rename(library.path("photos"), library.path("before")).unwrap();
    library.client(&["get", "photos/"]).run().succeeded();
    assert!(std::fs::read(library.path("photos/one.jpg")).unwrap() == one);
    assert!(std::fs::read(library.path("photos/two.jpg")).unwrap() == two);
    assert!(std::fs::read(library.path("photos/2026/two.jpg")).unwrap() == two);
    assert!(library.path("photos/2026/.empty").is_file() && !library.path("photos/link").exists());
    let below = library.client(&["get", "photos/2026/", "--json"]).run().succeeded();
    assert_eq!(below.lines().count(), 2, "{below}");

    // A file with other content is not touched.
    std::fs::write(library.path("photos/one.jpg"), b"mine").unwrap();
    let refused = library.client(&["get", id]).run();
    assert!(refused.code == Some(1) && refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(std::fs::read(library.path("photos/one.jpg")).unwrap(), b"mine");
    library.client(&["get", id, "--force"]).run().succeeded();
    assert!(std::fs::read(library.path("photos/one.jpg")).unwrap() == one);
    // And a link on the way is not followed.
    std::fs::remove_dir_all(library.path("photos")).unwrap();
    std::os::unix::fs::symlink("before", library.path("photos")).unwrap();
    let linked = library.client(&["get", id]).run();
    assert!(linked.code == Some(1) && linked.stderr.contains("not followed"), "{linked:?}");
    let nothing = library.client(&["get", "films/"]).run();
    assert!(nothing.code == Some(1) && nothing.stderr.contains("nothing in such"), "{nothing:?}");
}

#[test]
fn mistakes_are_told_in_words() {
    let library = Library::start();
    file(&library, "a", 10);
    let anonymous = library.client(&["put", "a"]).run();
    assert!(anonymous.stderr.contains("tombolo library login"), "{anonymous:?}");
    library.log_in();
    let missing = library.client(&["put", "nothing"]).run();
    assert!(missing.code == Some(1) && missing.stderr.contains("nothing: "), "{missing:?}");
    let unknown = "0198c0de-0000-7000-8000-000000000000";
    let unknown = library.client(&["get", unknown]).run();
    assert!(unknown.code == Some(1) && unknown.stderr.contains("404"), "{unknown:?}");
    let path = library.client(&["get", "../x"]).run();
    assert_eq!(path.code, Some(2), "{path:?}");
    let nobody = ["put", "a", "--server", "http://127.0.0.1:1", "--give-up-after", "1s"];
    let nobody = library.command(&nobody).run();
    assert!(nobody.code == Some(1) && nobody.stderr.contains("no answer"), "{nobody:?}");
}
