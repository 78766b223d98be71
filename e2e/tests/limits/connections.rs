//! How many connections are accepted, in all and from one address.

use crate::willing;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use tombolo_e2e::{Client, Setup, WireError, eventually};

/// Whether a new connection from `source` is served; if not, it was closed, with 503 or silently.
fn served(address: SocketAddr, source: Ipv4Addr) -> Option<Client> {
    let mut client = match Client::try_connect_from(address, source) {
        Ok(client) => client,
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::ConnectionRefused, "nobody listens");
            return None;
        }
    };
    client.try_send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    match client.read_response() {
        Ok(answer) if answer.status() == 200 => Some(client),
        Ok(answer) => {
            assert_eq!(answer.status(), 503);
            client.expect_close();
            None
        }
        Err(WireError::Closed | WireError::Reset) => None,
        Err(other) => panic!("{other:?}"),
    }
}

const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn in_all() {
    for workers in [1, 2] {
        let origin = willing();
        let gateway = Setup::to(&origin).workers(workers).limits("connections = 4").start();
        let mut held: Vec<_> =
            (0..4).map(|_| served(gateway.address(), HERE).expect("room")).collect();
        for _ in 0..3 {
            assert!(served(gateway.address(), HERE).is_none(), "a fifth of four");
            assert!(served(gateway.address(), ELSEWHERE).is_none(), "a fifth of four");
        }
        for client in &mut held {
            assert_eq!(client.get("/").status(), 200, "those who are in stay in");
        }
        held.pop();
        eventually("the freed place", || served(gateway.address(), HERE));
    }
}

#[test]
fn from_one_address() {
    let origin = willing();
    let gateway = Setup::to(&origin).workers(2).limits("connections_per_client = 3").start();
    let mut held: Vec<_> = (0..3).map(|_| served(gateway.address(), HERE).expect("room")).collect();
    assert!(served(gateway.address(), HERE).is_none(), "a fourth of three");
    let _other = served(gateway.address(), ELSEWHERE).expect("another address has its own share");
    held.pop();
    eventually("the freed place", || served(gateway.address(), HERE));
}

/// A client that comes and goes without a word must free its place, too.
#[test]
fn places_are_freed_however_a_client_leaves() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("connections = 2").start();
    for round in 0..20 {
        let client = eventually("a place", || {
            let mut client = gateway.connect();
            client.try_send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
            client.read_response().ok().filter(|answer| answer.status() == 200).map(|_| client)
        });
        match round % 3 {
            0 => client.reset(),
            1 => drop(client),
            _ => {
                let mut client = client;
                client.send("GET / HT");
            }
        }
    }
}

/// Idle connections cost the origin nothing and the gateway little.
#[test]
fn many_idle_connections_cost_little_memory() {
    const COUNT: usize = 4000;
    let origin = willing();
    let gateway = Setup::to(&origin).start();
    let address = gateway.address();
    let open = |count: usize| -> Vec<Client> {
        (0..count).map(|_| served(address, HERE).expect("room")).collect()
    };
    tombolo_e2e::allow_descriptors(2 * COUNT as u64);
    let _warm = open(COUNT / 10);
    let before = gateway.figures().resident_bytes;
    let _idle = open(COUNT);
    let after = gateway.figures().resident_bytes;
    let each = after.saturating_sub(before) / COUNT as u64;
    // The promise is 1 KiB, kept by release builds; allocators take memory in large steps, and
    // builds with debug assertions have larger tasks.
    assert!(each <= 2048, "{each} bytes for each idle connection");
    assert_eq!(origin.connections(), 1);
}
