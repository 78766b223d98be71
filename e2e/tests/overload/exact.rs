//! A server never has more at one time than its limit, whoever asks, and nobody is lost for it.

use std::time::Duration;

use crate::crowd::Crowd;
use crate::server::Server;
use crate::{start, upstream};
use rustix::process::Signal;
use tombolo_e2e::{Setup, Tombolo};

/// Two threads, two hundred clients, ten places at each of two servers.
#[test]
fn a_limit_is_never_exceeded_and_all_are_answered() {
    let servers: Vec<Server> = (0..2).map(|_| Server::quick(Duration::from_millis(5))).collect();
    let lines = "policy = \"p2c\"\nlimit = { in_flight = 10, queue = 1000, wait = \"1m\" }";
    let setup = Setup::to_all(servers.iter().map(|server| &server.origin));
    let (gateway, admin) = start(setup.workers(2).upstream(lines));
    let outcomes = Crowd::start(gateway.address(), 200, 20).wait();
    assert_eq!(outcomes, [("200".to_owned(), 4000)].into());
    for server in &servers {
        assert_eq!(server.most(), 10);
    }
    let told = upstream(admin);
    assert_eq!((&told["queue"]["waiting"], &told["backends"][0]["limit"]), (&0.into(), &10.into()));
    assert!(told["queue"]["joined"].as_u64() > Some(100), "{told}");
}

/// A server that dies while many wait takes none of them with it.
#[test]
fn a_killed_server_costs_no_request_of_a_long_queue() {
    let replica = |_| Tombolo::start(&["serve", "site", "--listen", "127.0.0.1:0"]).listening();
    let mut replicas: Vec<Tombolo> = (0..3).map(replica).collect();
    let addresses: Vec<String> =
        replicas.iter().map(|replica| replica.address().to_string()).collect();
    let lines = "limit = { in_flight = 1, queue = 1000, wait = \"1m\" }\nretry_budget = false\n\
                 timeouts = { first_byte = \"5s\", total = \"1m\" }";
    let (gateway, admin) = start(Setup::to_addresses(addresses).workers(2).upstream(lines));
    let crowd = Crowd::start(gateway.address(), 100, usize::MAX);
    let requests = || upstream(admin)["backends"][0]["requests"].as_u64();
    let go_on = |more: u64| {
        let until = requests().map(|requests| requests + more);
        tombolo_e2e::eventually("requests", || (requests() >= until).then_some(()));
    };
    go_on(100);
    // It holds what it has, and more come to wait.
    replicas[1].signal(Signal::STOP);
    go_on(50);
    replicas[1].kill();
    go_on(200);
    let outcomes = crowd.stop();
    assert_eq!(outcomes.keys().collect::<Vec<_>>(), ["200"], "{outcomes:?}");
}
