//! A process that reaches its bound of memory refuses what is new, in words, and serves again when
//! the load is over. One that dies of it all the same is told of as such.

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;
use tombolo_e2e::{Client, Tombolo, eventually};

use crate::{Up, signal};

/// Keeps opening connections that each hold up to 60 KiB of a head that is not whole, until it is
/// told to stop: more of them than fit into 64 MiB.
fn fill(address: SocketAddr, stop: &AtomicBool) {
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}", "x".repeat(60_000));
    let mut held = VecDeque::new();
    while !stop.load(Ordering::Relaxed) {
        if let Ok(mut client) = Client::try_connect(address) {
            client.try_send(&head);
            held.push_back(client);
        }
        if held.len() > 3000 {
            held.pop_front();
        }
    }
}

/// What a fresh connection is answered; None if it is closed.
fn ask(address: SocketAddr, path: &str) -> Option<(u16, Option<String>, String)> {
    let mut client = Client::try_connect(address).ok()?;
    client.try_send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let answer = client.read_response().ok()?;
    let retry_after = answer.head.one("retry-after").map(str::to_owned);
    Some((answer.status(), retry_after, answer.text()))
}

#[test]
fn replica_at_its_bound_lives_on_and_refuses_in_words() {
    tombolo_e2e::allow_descriptors(8192);
    let up = Up::start("memory = \"64MiB\"\n");
    let replica = up.process("site-1");
    let address = replica["addresses"][0].as_str().unwrap().strip_prefix("http://").unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let load = thread::spawn(move || fill(address, &told));
    let (status, retry_after, text) =
        eventually("a refusal", || ask(address, "/").filter(|told| told.0 == 503));
    assert_eq!((status, retry_after.as_deref()), (503, Some("2")));
    assert!(text.contains("reached its bound of memory"), "{text}");
    up.process.stderr().wait_for_text("the bound of memory is reached");
    stop.store(true, Ordering::Relaxed);
    load.join().unwrap();
    eventually("it to serve again", || ask(address, "/").filter(|(status, ..)| *status == 200));
    let now = up.process("site-1");
    assert_eq!((&now["pid"], &now["restarts"]), (&replica["pid"], &0.into()), "it has lived on");
}

/// The program with as little memory as makes it begin at its bound: the allocator has less than is
/// to be kept in reserve.
fn at_its_bound(arguments: &str) -> Tombolo {
    let script = format!(
        "ulimit -d 409600; export MIMALLOC_RESERVE_OS_MEMORY=33MiB MIMALLOC_DISALLOW_OS_ALLOC=1; \
         exec \"$0\" {arguments}"
    );
    let program = Tombolo::path();
    let arguments = ["-c", &script, program.to_str().unwrap()];
    Tombolo::start_program_in(tempfile::tempdir().unwrap(), "sh", &arguments)
}

#[test]
fn calculator_at_its_bound_says_that_it_is_busy() {
    let calculator = at_its_bound("serve calculator --listen 127.0.0.1:0 --evaluators 1");
    calculator.stderr().wait_for_text("the bound of memory is reached");
    let told = calculator.stderr().wait_for_text("listening on tcp://");
    let address = told.rsplit_once("tcp://").unwrap().1.split_whitespace().next().unwrap();
    let mut client = Client::connect(address.parse().unwrap());
    let said = String::from_utf8(client.wire.read_to_end().unwrap()).unwrap();
    assert!(said.starts_with("BYE busy "), "{said}");
}

#[test]
fn gateway_at_its_bound_refuses_in_words_and_says_so_to_its_operator() {
    let gateway = at_its_bound(
        "gateway --listen 127.0.0.1:0 --admin 127.0.0.1:0 --upstream 127.0.0.1:1 --workers 1",
    );
    gateway.stderr().wait_for_text("the bound of memory is reached");
    let gateway = gateway.listening();
    let (status, retry_after, text) = ask(gateway.address(), "/").unwrap();
    assert_eq!((status, retry_after.as_deref()), (503, Some("2")));
    assert!(text.contains("reached its bound of memory"), "{text}");
    let admin = gateway.admin().to_string();
    let told = Tombolo::run(gateway.folder(), &["status", "--admin", &admin]).stdout;
    assert!(told.contains("MEMORY: the gateway has reached its bound of 400"), "{told}");
    let (_, _, metrics) = ask(gateway.admin(), "/metrics").unwrap();
    assert!(metrics.contains("\ntombolo_memory_short 1\n"), "{metrics}");
}

#[test]
fn replica_that_dies_for_want_of_memory_is_told_of_as_such() {
    let up = Up::start("memory = \"64MiB\"\n[up]\ngive_up_after = 1\n");
    let replica = up.process("site-1");
    // What the program itself does then: it says so, and aborts.
    let pid = replica["pid"].as_u64().unwrap();
    let words = format!("/proc/{pid}/fd/2");
    std::fs::OpenOptions::new()
        .write(true)
        .open(words)
        .and_then(|mut pipe| pipe.write_all(b"memory allocation of 114688 bytes failed\n"))
        .unwrap();
    signal(&replica, Signal::ABORT);
    let failed = up.process_when("site-1", "failed");
    assert_eq!(failed["last_exit"]["how"], "reached its bound of 64 MiB of memory");
    let told = up.run(&["status"]);
    assert!(told.stdout.contains("reached its bound of 64 MiB"), "{}", told.stdout);
}
