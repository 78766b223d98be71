//! As process 1 of a container: signals are passed on, orphans are reaped, exit codes are told.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use tombolo_e2e::{Tombolo, eventually};

use crate::{folder, text};

/// The children of a process.
fn children(pid: u32) -> Vec<u32> {
    let listed = text(Path::new(&format!("/proc/{pid}/task/{pid}/children")));
    listed.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn name(pid: u32) -> String {
    text(Path::new(&format!("/proc/{pid}/cmdline"))).replace('\0', " ")
}

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

#[test]
fn orphans_are_reaped_and_a_signal_drains() {
    let folder = folder("[[service]]\nname = \"calculator\"\nreplicas = 1\n");
    let mut up = Tombolo::start_as_first_in(folder, &["up", "-c", "tombolo.toml"]);
    up.stderr().wait_for_text("all of it is ready");
    let first = children(up.pid())[0];
    // Process 1 has the one child that does the work.
    let work = children(first);
    assert_eq!(work.len(), 1, "{work:?}");
    let replicas = children(work[0]);
    let calculator = replicas.into_iter().find(|pid| name(*pid).contains("calculator-1")).unwrap();
    let evaluators = children(calculator);
    assert!(!evaluators.is_empty());
    // Its own children are orphans now; they end, and somebody has to reap them.
    send(calculator, Signal::KILL);
    eventually("the orphans to be reaped", || {
        let left = evaluators.iter().any(|pid| Path::new(&format!("/proc/{pid}")).exists());
        (!left && children(first) == work).then_some(())
    });
    up.stderr().wait_for_text("calculator-1 (pid");
    send(first, Signal::TERM);
    let status = up.wait_for_exit();
    assert_eq!(status.code(), Some(0), "{}", up.stderr().text());
    assert!(up.stderr().text().contains("all of it has ended"), "{}", up.stderr().text());
}

#[test]
fn exit_code_of_what_went_wrong_is_told() {
    let folder = folder("[[service]]\nname = \"site\"\n");
    let mut up = Tombolo::start_as_first_in(folder, &["up", "-c", "tombolo.toml"]);
    assert_eq!(up.wait_for_exit().code(), Some(2), "{}", up.stderr().text());
    assert!(up.stderr().text().contains("is there twice"), "{}", up.stderr().text());
}
