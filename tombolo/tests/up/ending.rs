//! Its end: the drain, its order, its limits, and what is left behind.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::harness::{Guarded, PATIENCE, Up, alive, big_file, eventually, get};

const BIG: u64 = 64 << 20;

fn with_big_file() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("public")).unwrap();
    big_file(&folder.path().join("public/big.bin"), BIG);
    let text = "
[[service]]
name = \"site\"
root = \"public\"
[[route]]
path = \"/\"
upstream = \"site\"
";
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    folder
}

/// Begins a long download and reads its first bytes only.
fn begin_download(up: &mut Up) -> TcpStream {
    let (gateway, _) = up.table()["gateway"];
    let mut stream = TcpStream::connect(gateway).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /big.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    stream
}

#[test]
fn either_signal_drains_and_counts_as_success() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let mut up = Up::ready(folder.path(), &[]);
        let table = up.table();
        up.signal(signal);
        assert_eq!(up.ended().code(), Some(0), "{}", up.all_said());
        for (name, (_, pid)) in table {
            assert!(!alive(pid), "{name}");
        }
        let after = up.err_text().split_off(up.err_text().find("tombolo: draining").unwrap());
        assert!(!after.contains("starting it again"), "{}", up.all_said());
    }
}

#[test]
fn drain_finishes_what_is_under_way_before_the_replicas_end() {
    let folder = with_big_file();
    let mut up = Up::ready(folder.path(), &["-c", "tombolo.toml"]);
    let table = up.table();
    let mut download = begin_download(&mut up);
    up.signal(Signal::TERM);
    up.err_line(|line| line.contains("draining"));
    eventually("the gateway to take no more", || {
        TcpStream::connect(table["gateway"].0).is_err().then_some(())
    });
    for name in ["site-1", "site-2", "site-3"] {
        assert!(alive(table[name].1), "{name} ended before the gateway");
    }
    let mut rest = Vec::new();
    download.read_to_end(&mut rest).unwrap();
    let body = rest.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!((rest.len() - body) as u64, BIG);
    assert_eq!(up.ended().code(), Some(0), "{}", up.all_said());
}

#[test]
fn second_signal_ends_at_once() {
    let folder = with_big_file();
    let mut up = Up::ready(folder.path(), &["-c", "tombolo.toml"]);
    let table = up.table();
    let download = begin_download(&mut up);
    up.signal(Signal::INT);
    up.err_line(|line| line.contains("draining"));
    up.signal(Signal::INT);
    assert_eq!(up.ended().code(), Some(1), "{}", up.all_said());
    assert!(up.err_text().contains("second signal"), "{}", up.all_said());
    for (name, (_, pid)) in table {
        assert!(!alive(pid), "{name}");
    }
    drop(download);
}

#[test]
fn nothing_outlives_a_killed_orchestrator() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let table = up.table();
    up.signal(Signal::KILL);
    for (name, (_, pid)) in table {
        eventually(&format!("the end of {name}"), || (!alive(pid)).then_some(()));
    }
    // The lock went with it.
    let mut again = Up::ready(folder.path(), &[]);
    again.table();
}

#[test]
fn signal_during_the_start_ends_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::start(folder.path(), &[]);
    eventually("the lock", || (!up.read("tombolo-data/run/up.lock").is_empty()).then_some(()));
    // Taken over before anything is started, so a line of a child means that it is.
    up.err_line(|line| line.contains(" | "));
    up.signal(Signal::TERM);
    assert_eq!(up.ended().code(), Some(0), "{}", up.all_said());
}

#[test]
fn closed_output_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_tombolo"))
        .args(["up", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Guarded(child);
    let err = crate::harness::Lines::of(child.0.stderr.take().unwrap());
    let mut first = String::new();
    let mut out = std::io::BufReader::new(child.0.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut first).unwrap();
    let mut row = String::new();
    std::io::BufRead::read_line(&mut out, &mut row).unwrap();
    drop(out);
    let url = row.split_whitespace().nth(1).unwrap();
    let gateway = url.strip_prefix("http://").unwrap().parse().unwrap();
    // Another test's child may hold the pipe for the moment between its fork and its exec.
    eventually("words about the closed output", || {
        assert_eq!(get(gateway, "/one").unwrap().status, 404);
        err.text().contains("standard output has no reader").then_some(())
    });
    assert_eq!(get(gateway, "/two").unwrap().status, 404);
    crate::harness::signal(child.0.id(), Signal::TERM);
    let status = eventually("the end", || child.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(0), "{}", err.text());
}
