//! The access log in a file: where it is, how it is rotated, and what happens when it cannot be
//! written.

use rustix::process::Signal;
use std::fs;
use std::path::Path;
use tombolo_e2e::{Origin, Setup, eventually, scripts};

fn origin() -> Origin {
    Origin::start(scripts::answer(scripts::ok("ok")))
}

/// Waits until the file has a line with this text.
fn wait_for(file: &Path, text: &str) {
    let what = format!("{text} in {}", file.display());
    eventually(&what, || fs::read_to_string(file).ok().filter(|all| all.contains(text)));
}

#[test]
fn without_a_table_lines_go_to_both_places() {
    let origin = origin();
    let text =
        Setup::to(&origin).text().replace("[access_log]\nstdout = true\nformat = \"json\"", "");
    let gateway = tombolo_e2e::Tombolo::gateway(&text);
    gateway.connect().get("/both");
    gateway.stdout().wait_for_text("/both");
    wait_for(&gateway.folder().join("access.log"), "/both");
}

#[test]
fn a_file_alone_leaves_standard_output_alone() {
    let origin = origin();
    let gateway =
        Setup::to(&origin).access_log("file = \"only.log\"\nformat = \"combined\"").start();
    gateway.connect().get("/filed");
    wait_for(&gateway.folder().join("only.log"), "GET /filed HTTP/1.1");
    assert!(gateway.stdout().lines().is_empty());
}

#[test]
fn a_file_is_appended_to() {
    let origin = origin();
    let log = tempfile::NamedTempFile::new().expect("a file");
    fs::write(log.path(), "what was there\n").expect("writable");
    let setting = format!("file = {:?}", log.path());
    for run in ["/first", "/second"] {
        let mut gateway = Setup::to(&origin).access_log(&setting).start();
        gateway.connect().get(run);
        gateway.signal(Signal::TERM);
        assert!(gateway.wait_for_exit().success());
    }
    let all = fs::read_to_string(log.path()).expect("readable");
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines.len(), 3, "{all}");
    assert!(lines[0] == "what was there" && lines[1].contains("/first"), "{all}");
}

/// The usual rotation: move the file away, send SIGHUP. Not a line is lost in between, under load.
#[test]
fn rotation_loses_nothing() {
    let origin = origin();
    let gateway = Setup::to(&origin).workers(2).access_log("file = \"a.log\"").start();
    let (old, new) = (gateway.folder().join("old.log"), gateway.folder().join("a.log"));
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut client = gateway.connect();
                for n in 0..500 {
                    client.get(&format!("/t{thread}-{n}-"));
                }
            });
        }
        wait_for(&new, "/t0-50-");
        fs::rename(&new, &old).expect("moved away");
        gateway.signal(Signal::HUP);
        eventually("the new file", || new.exists().then_some(()));
    });
    gateway.connect().get("/last");
    wait_for(&new, "/last");
    let lines = eventually("all lines", || {
        let both = fs::read_to_string(&old).ok()? + &fs::read_to_string(&new).ok()?;
        (both.lines().count() >= 1001).then_some(both)
    });
    assert_eq!(lines.lines().count(), 1001);
    for thread in 0..2 {
        for n in 0..500 {
            let mark = format!("/t{thread}-{n}-");
            assert_eq!(lines.matches(&mark).count(), 1, "{mark}");
        }
    }
}

/// A file that cannot be opened stops the start, in words.
#[test]
fn a_file_that_cannot_be_opened_is_told_at_the_start() {
    let origin = origin();
    let folder = tempfile::tempdir().expect("a folder");
    let text = Setup::to(&origin).access_log("file = \"no/such/folder/a.log\"").text();
    fs::write(folder.path().join("t.toml"), text).expect("writable");
    let done = tombolo_e2e::Tombolo::run(folder.path(), &["gateway", "-c", "t.toml"]);
    assert!([Some(1), Some(2)].contains(&done.code), "{done:?}");
    assert!(done.stderr.contains("no/such/folder/a.log"), "{}", done.stderr);
}

/// A full disk costs lines, not requests; it is said once, and writing resumes by itself.
#[test]
fn a_full_disk_costs_no_request() {
    let origin = origin();
    let gateway = Setup::to(&origin).access_log("file = \"/dev/full\"").start();
    let mut client = gateway.connect();
    for _ in 0..200 {
        assert_eq!(client.get("/").status(), 200);
    }
    gateway.stderr().wait_for("the full disk", |line| {
        let line = line.to_ascii_lowercase();
        (line.contains("/dev/full") || line.contains("no space")).then_some(())
    });
    for _ in 0..200 {
        assert_eq!(client.get("/").status(), 200);
    }
}

/// Who reads standard output may go away, as `head` does.
#[test]
fn a_reader_that_goes_away_costs_no_request() {
    let origin = origin();
    let folder = tempfile::tempdir().expect("a folder");
    let both = "stdout = true\nfile = \"a.log\"";
    fs::write(folder.path().join("t.toml"), Setup::to(&origin).access_log(both).text())
        .expect("writable");
    let gateway = tombolo_e2e::Tombolo::start_deaf_in(folder, &["gateway", "-c", "t.toml"]);
    let gateway = gateway.listening();
    let mut client = gateway.connect();
    for n in 0..200 {
        assert_eq!(client.get(&format!("/{n}-")).status(), 200);
    }
    wait_for(&gateway.folder().join("a.log"), "/199-");
}
