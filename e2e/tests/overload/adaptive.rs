//! A limit that finds itself keeps requests from waiting inside a server, and costs no throughput.

use std::time::Duration;

use crate::crowd::Crowd;
use crate::server::Server;
use crate::{start, upstream};
use tombolo_e2e::Setup;

/// What the server does on 8 at one time, for 20 ms each: 400 requests a second at most.
const SLOTS: usize = 8;
const TOOK: Duration = Duration::from_millis(20);
const CLIENTS: usize = 64;
const MEASURED: Duration = Duration::from_secs(4);

/// Requests that the server answered in the time, and how long all but one in a hundred of them
/// were with it at most.
fn run(limit: &str) -> (usize, Duration) {
    let server = Server::with_slots(SLOTS, TOOK);
    let (gateway, admin) = start(Setup::to(&server.origin).workers(2).upstream(limit));
    let crowd = Crowd::start(gateway.address(), CLIENTS, usize::MAX);
    // The limit finds itself.
    std::thread::sleep(MEASURED);
    server.times();
    std::thread::sleep(MEASURED);
    let times = server.times();
    let p99 = times[times.len() * 99 / 100];
    println!(
        "{limit:?}: {} requests, p99 {p99:?}, {}",
        times.len(),
        upstream(admin)["backends"][0]["limit"]
    );
    let outcomes = crowd.stop();
    assert_eq!(outcomes.keys().collect::<Vec<_>>(), ["200"], "{outcomes:?}");
    (times.len(), p99)
}

#[test]
fn an_adaptive_limit_halves_the_time_in_the_server_at_the_same_throughput() {
    let (without, waited) = run("");
    let (with, waits) = run("limit = { adaptive = true, in_flight = 500, wait = \"1m\" }");
    assert!(with * 10 >= without * 9, "{with} requests, {without} without");
    assert!(waits * 2 < waited, "{waits:?}, {waited:?} without");
}
