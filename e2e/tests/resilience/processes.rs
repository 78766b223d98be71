//! Real processes as servers: killed, stopped, and back, while clients go on asking.

use crate::load::Load;
use crate::{server_is, start};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::time::Instant;
use tombolo_e2e::{Setup, Tombolo};

fn replica(listen: &str) -> Tombolo {
    Tombolo::start(&["serve", "site", "--listen", listen]).listening()
}

fn setup(replicas: &[Tombolo]) -> Setup {
    let addresses: Vec<String> =
        replicas.iter().map(|replica| replica.address().to_string()).collect();
    Setup::to_addresses(addresses).workers(2).upstream(
        "health = { path = \"/health\", interval = \"500ms\", timeout = \"500ms\" }\n\
         slow_start = \"300ms\"\n\
         timeouts = { first_byte = \"1s\", total = \"9s\" }",
    )
}

/// Killed without a word and started again: no client notices.
#[test]
fn a_killed_server_costs_no_request() {
    let mut replicas: Vec<Tombolo> = (0..3).map(|_| replica("127.0.0.1:0")).collect();
    let (gateway, admin) = start(setup(&replicas));
    let load = Load::start(gateway.address(), 6);
    load.go_on(100);
    let address: SocketAddr = replicas[1].address();
    replicas[1].kill();
    server_is(admin, 1, &["down", "ejected"]);
    load.go_on(200);
    replicas[1] = replica(&address.to_string());
    server_is(admin, 1, &["up"]);
    load.go_on(200);
    load.stop_without_a_failure();
}

/// Stopped, it takes connections and never answers: the worst kind of dead. What it had taken is
/// asked elsewhere, and then it gets nothing more.
#[test]
fn a_stopped_server_costs_time_but_no_request() {
    let replicas: Vec<Tombolo> = (0..3).map(|_| replica("127.0.0.1:0")).collect();
    let (gateway, admin) = start(setup(&replicas));
    let load = Load::start(gateway.address(), 6);
    load.go_on(100);
    replicas[2].signal(Signal::STOP);
    let stopped = Instant::now();
    server_is(admin, 2, &["down", "ejected"]);
    println!("noticed after {:?}", stopped.elapsed());
    load.go_on(200);
    replicas[2].signal(Signal::CONT);
    server_is(admin, 2, &["up"]);
    load.go_on(200);
    load.stop_without_a_failure();
}

/// With checks and default settings alone: what waits at a server that is stopped goes to another as
/// soon as that is noticed, long before any time-out; what cannot be repeated waits; and a check that
/// is answered brings the server back.
#[test]
fn a_stopped_server_gives_back_what_waits_there() {
    let replicas: Vec<Tombolo> = (0..3).map(|_| replica("127.0.0.1:0")).collect();
    let addresses: Vec<String> =
        replicas.iter().map(|replica| replica.address().to_string()).collect();
    let setup = Setup::to_addresses(addresses).workers(2);
    let (gateway, admin) = start(setup.upstream("health = { path = \"/health\" }"));
    let load = Load::start(gateway.address(), 8);
    load.go_on(200);
    replicas[1].signal(Signal::STOP);
    let told = server_is(admin, 1, &["down", "ejected"]);
    assert!(told["why"].as_str().unwrap().contains("it answers nothing"), "{told}");
    load.go_on(200);
    println!("the longest took {:?}", load.longest());
    // Without it: the 6 s that checks need by themselves, or the 60 s of `first_byte`.
    assert!(load.longest() < std::time::Duration::from_secs(3), "{:?}", load.longest());
    replicas[1].signal(Signal::CONT);
    server_is(admin, 1, &["up"]);
    load.go_on(100);
    load.stop_without_a_failure();
}
