//! Many reloads under load: no request fails, no tunnel is dropped.

use crate::load::Load;
use crate::{Changing, Socket, origin};
use std::time::Instant;
use tombolo_e2e::{Setup, allow_descriptors};

/// Reloads between sets of servers, routes, listeners and settings while clients ask.
fn storm(reloads: usize, sockets: usize, clients: usize) {
    allow_descriptors(8192);
    let origins = [origin("one"), origin("two"), origin("three")];
    let changing = Changing::start(&Setup::to_all(&origins[..2]).workers(2));
    let address = changing.gateway.address();
    let mut sockets: Vec<Socket> = (0..sockets).map(|_| Socket::open(address)).collect();
    let ((), load) = Load::during(address, clients, |load| {
        load.more(100);
        let began = Instant::now();
        for turn in 0..reloads {
            let some = [&origins[..2], &origins[1..], &origins[..], &origins[..1]][turn % 4];
            let setup = Setup::to_all(some).workers(2);
            let setup = match turn % 3 {
                0 => setup.upstream("policy = \"least-requests\""),
                1 => setup.timeouts("idle = \"50s\"").gateway("served_by = false"),
                _ => setup.routes(
                    "[[route]]\npath = \"/1\"\nupstream = \"app\"\n[[route]]\npath = \"/\"\nupstream = \"app\"",
                ),
            };
            changing.reload(&setup);
            sockets[turn % 7].echo();
        }
        let took = began.elapsed();
        println!("{reloads} reloads in {took:?}, {} answers meanwhile", load.answered());
        load.more(100);
    });
    load.expect_no_failure();
    sockets.iter_mut().for_each(Socket::echo);
    println!("{} answers, no failure; {} tunnels alive", load.answered(), sockets.len());
}

#[test]
fn no_request_fails_and_no_tunnel_is_dropped() {
    storm(12, 20, 3);
}

#[test]
#[ignore = "long: run by hand"]
fn no_request_fails_and_no_tunnel_is_dropped_at_length() {
    storm(100, 200, 16);
}
