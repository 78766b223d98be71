//! A replica that was killed has its share again as soon as it is back: nobody waits for an ejection
//! to run out. One that is stopped costs no request and little time, with nothing configured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tombolo_e2e::{Client, eventually};

use crate::{Up, signal};

/// The first ejection lasts so long unless configured otherwise.
const EJECTION: Duration = Duration::from_secs(5);

/// What the gateway tells of a server of its first upstream.
fn backend(up: &Up, index: usize) -> Value {
    up.status()["upstreams"][0]["backends"][index].clone()
}

fn requests(up: &Up, index: usize) -> u64 {
    backend(up, index)["requests"].as_u64().expect("a count")
}

/// Asks until it is told to stop; how long the slowest answer took. Each has to be the page.
fn ask(up: &Up, stopped: &Arc<AtomicBool>) -> std::thread::JoinHandle<Duration> {
    let (address, stopped) = (up.gateway, Arc::clone(stopped));
    std::thread::spawn(move || {
        let (mut client, mut longest) = (Client::connect(address), Duration::ZERO);
        while !stopped.load(Ordering::SeqCst) {
            let began = Instant::now();
            assert_eq!(client.get("/").text(), "the page");
            longest = longest.max(began.elapsed());
            std::thread::sleep(Duration::from_millis(2));
        }
        longest
    })
}

#[test]
fn a_killed_replica_is_asked_again_as_soon_as_it_is_back() {
    let up = Up::start("");
    let stopped = Arc::default();
    let clients: Vec<_> = (0..4).map(|_| ask(&up, &stopped)).collect();
    eventually("load", || (requests(&up, 0) > 50).then_some(()));
    let first = up.process("site-1");
    let killed = Instant::now();
    signal(&first, Signal::KILL);
    eventually("another process", || {
        let now = up.process("site-1");
        (now["state"] == "up" && now["pid"] != first["pid"]).then_some(())
    });
    let before = requests(&up, 0);
    eventually("requests for it", || (requests(&up, 0) > before + 20).then_some(()));
    println!("asked again {:?} after it was killed", killed.elapsed());
    assert!(killed.elapsed() < EJECTION, "{:?}", killed.elapsed());
    stopped.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
}

#[test]
fn a_stopped_replica_costs_no_request_and_little_time() {
    let up = Up::start("");
    let stopped = Arc::default();
    let clients: Vec<_> = (0..4).map(|_| ask(&up, &stopped)).collect();
    eventually("load", || (requests(&up, 0) > 50).then_some(()));
    let first = up.process("site-1");
    signal(&first, Signal::STOP);
    eventually("that to be noticed", || (backend(&up, 0)["state"] != "up").then_some(()));
    let before = requests(&up, 1);
    eventually("the load to go on", || (requests(&up, 1) > before + 100).then_some(()));
    signal(&first, Signal::CONT);
    eventually("it to be back", || (backend(&up, 0)["state"] == "up").then_some(()));
    stopped.store(true, Ordering::SeqCst);
    let longest = clients.into_iter().map(|client| client.join().unwrap()).max().unwrap();
    println!("the longest took {longest:?}");
    assert!(longest < Duration::from_secs(3), "{longest:?}");
}
