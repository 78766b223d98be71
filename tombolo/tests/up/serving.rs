//! While it runs: turns, restarts, output.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::process::Signal;

use crate::harness::{Guarded, Up, alive, eventually, get, signal};

#[test]
fn nine_requests_reach_three_replicas_three_times_each_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let (gateway, _) = up.table()["gateway"];
    let answers = (0..9).map(|_| {
        let answer = get(gateway, "/").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.field("x-replica").unwrap().to_owned()
    });
    let turns: Vec<_> = answers.collect();
    let mut counts = HashMap::new();
    for name in &turns {
        *counts.entry(name.as_str()).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 3, "{turns:?}");
    assert!(counts.values().all(|count| *count == 3), "{turns:?}");
    assert_eq!(turns[0..3], turns[3..6]);
    assert_eq!(turns[0..3], turns[6..9]);
}

#[test]
fn tcp_is_balanced_over_the_replicas_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[service]]\nname = \"site\"\n[[route]]\nupstream = \"site\"\n\
                [[tcp]]\nlisten = \"127.0.0.1:0\"\nupstream = \"site\"\n";
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let mut up = Up::ready(folder.path(), &["-c", "tombolo.toml"]);
    let row = up.out_line(|line| line.starts_with("gateway "));
    let url = row.split_whitespace().find_map(|word| word.strip_prefix("tcp://"));
    let address: SocketAddr = url.unwrap_or_else(|| panic!("{row}")).parse().unwrap();
    let turns = (0..6).map(|_| get(address, "/").unwrap().field("x-replica").unwrap().to_owned());
    let turns: Vec<_> = turns.collect();
    assert!(turns[..3].iter().collect::<HashSet<_>>().len() == 3, "{turns:?}");
    assert_eq!(turns[..3], turns[3..]);
    let (gateway, _) = up.table()["gateway"];
    assert_eq!(get(gateway, "/").unwrap().status, 200);
}

#[test]
fn calculator_is_behind_its_own_port() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let row = up.out_line(|line| line.starts_with("gateway "));
    let address = row.split_whitespace().find_map(|word| word.strip_prefix("tcp://")).unwrap();
    let asked = std::process::Command::new(env!("CARGO_BIN_EXE_tombolo"))
        .args(["calc", "--server", address, "(1/3)*3"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&asked.stdout).trim(), "1", "{asked:?}");
    let direct: Vec<_> = up.table().into_keys().filter(|name| name.starts_with("calc")).collect();
    assert_eq!(direct.len(), 3, "{direct:?}");
}

#[test]
fn killed_replica_fails_no_later_request_and_is_back_within_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let table = up.table();
    let (gateway, _) = table["gateway"];
    let (address, pid) = table["site-2"];
    signal(pid, Signal::KILL);
    eventually("the death of site-2", || (!alive(pid)).then_some(()));
    let died = Instant::now();
    for _ in 0..30 {
        let answer = get(gateway, "/").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    eventually("site-2", || get(address, "/health").filter(|answer| answer.status == 200));
    assert!(died.elapsed().as_millis() < 2000, "{:?}", died.elapsed());
    up.err_line(|line| line.contains("site-2 was ended by signal 9"));
    up.err_line(|line| line.contains("site-2 (pid ") && line.contains("is back"));
    let replicas: Vec<_> = (0..6)
        .map(|_| get(gateway, "/").unwrap().field("x-replica").unwrap_or_default().to_owned())
        .collect();
    eventually("site-2 behind the gateway", || {
        (get(gateway, "/")?.field("x-replica")? == "site-2").then_some(())
    });
    assert!(replicas.iter().all(|name| name.starts_with("site-")), "{replicas:?}");
}

#[test]
fn killed_replica_under_load_costs_at_most_what_was_in_flight_on_it() {
    const CLIENTS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let table = up.table();
    let (gateway, _) = table["gateway"];
    let stop = AtomicBool::new(false);
    let (mut good, mut bad) = (0, 0);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut counts = (0, 0);
                    while !stop.load(Ordering::Relaxed) {
                        match get(gateway, "/").map(|answer| answer.status) {
                            Some(200) => counts.0 += 1,
                            _ => counts.1 += 1,
                        }
                    }
                    counts
                })
            })
            .collect();
        signal(table["site-1"].1, Signal::KILL);
        up.err_line(|line| line.contains("site-1 (pid ") && line.contains("is back"));
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            let counts = client.join().unwrap();
            good += counts.0;
            bad += counts.1;
        }
    });
    assert!(good > 0 && bad <= CLIENTS, "{good} good, {bad} bad");
}

#[test]
fn killed_gateway_is_back_on_the_same_address() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let (gateway, pid) = up.table()["gateway"];
    signal(pid, Signal::KILL);
    up.err_line(|line| line.contains("gateway (pid ") && line.contains("is back"));
    assert_eq!(get(gateway, "/").unwrap().status, 200);
}

/// What an operator drained stays drained; it is remembered where all else is kept.
#[test]
fn killed_gateway_comes_back_with_what_was_drained() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let (gateway, pid) = up.table()["gateway"];
    assert_eq!(get(gateway, "/chat/").unwrap().status, 200);
    let body = "{\"upstream\": \"chat\"}";
    let head = "Host: localhost\r\nContent-Type: application/json\r\nConnection: close";
    let length = body.len();
    let socket = folder.path().join("tombolo-data/run/gateway.sock");
    let mut admin = UnixStream::connect(socket).unwrap();
    write!(
        admin,
        "POST /api/v1/drain HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    admin.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    eventually("it to be written", || {
        up.read("tombolo-data/run/gateway-state.json").contains("\"drained\":true").then_some(())
    });
    signal(pid, Signal::KILL);
    up.err_line(|line| line.contains("gateway (pid ") && line.contains("is back"));
    assert_eq!(get(gateway, "/chat/").unwrap().status, 503);
    assert_eq!(get(gateway, "/").unwrap().status, 200);
    assert!(!folder.path().join("gateway-state.json").exists());
}

#[test]
fn requests_are_logged_behind_the_name_and_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let (gateway, _) = up.table()["gateway"];
    get(gateway, "/some-page").unwrap();
    let line = up.out_line(|line| line.contains("/some-page"));
    assert!(line.starts_with("gateway ") && line.contains(" | {"), "{line}");
    eventually("the access log", || up.read("access.log").contains("/some-page").then_some(()));
}

#[test]
fn hangup_reopens_the_access_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let (gateway, _) = up.table()["gateway"];
    get(gateway, "/before").unwrap();
    eventually("the access log", || up.read("access.log").contains("/before").then_some(()));
    std::fs::rename(folder.path().join("access.log"), folder.path().join("old.log")).unwrap();
    up.signal(Signal::HUP);
    eventually("the new access log", || folder.path().join("access.log").exists().then_some(()));
    get(gateway, "/after").unwrap();
    eventually("the line", || up.read("access.log").contains("/after").then_some(()));
}

#[test]
fn children_have_the_command_lines_a_person_would_type() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::ready(folder.path(), &[]);
    let table = up.table();
    let command_line = |pid: u32| {
        let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        String::from_utf8(bytes).unwrap().replace('\0', " ").trim().to_owned()
    };
    let (address, pid) = table["site-1"];
    let expected = format!("tombolo serve site --listen {address} --replica site-1");
    assert!(command_line(pid).ends_with(&expected), "{}", command_line(pid));
    let (_, pid) = table["gateway"];
    let expected = "tombolo gateway -c tombolo-data/run/gateway.toml";
    assert!(command_line(pid).ends_with(expected), "{}", command_line(pid));
}

#[test]
fn paused_reader_of_the_output_slows_nothing_down() {
    let folder = tempfile::tempdir().unwrap();
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_tombolo"))
        .args(["up", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Guarded(child);
    // Reads the table and then nothing, with the pipe left open.
    let mut out = std::io::BufReader::with_capacity(1, child.0.stdout.take().unwrap());
    let mut row = String::new();
    while !row.starts_with("gateway ") {
        row.clear();
        std::io::BufRead::read_line(&mut out, &mut row).unwrap();
    }
    let url = row.split_whitespace().nth(1).unwrap();
    let gateway = url.strip_prefix("http://").unwrap().parse().unwrap();
    // Far more than the pipe and every buffer on the way take.
    let path = format!("/{}", "x".repeat(4000));
    let requests = 1400;
    for number in 0..requests {
        assert_eq!(get(gateway, &path).unwrap().status, 404, "request {number}");
    }
    eventually("every line in the file", || {
        let log = std::fs::read_to_string(folder.path().join("access.log")).unwrap_or_default();
        (log.lines().count() == requests).then_some(())
    });
    signal(child.0.id(), Signal::TERM);
    let status = eventually("the end", || child.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    drop(out);
}
