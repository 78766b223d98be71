//! Which server gets a connection.

use crate::{Tcp, numbered};
use std::io::{ErrorKind, Read as _};
use std::net::{Ipv4Addr, TcpStream};
use tombolo_e2e::{Client, Origin, Tombolo, eventually};

/// The number of the server that this connection was given to.
fn server(client: &mut Client) -> u8 {
    client.wire.read_exact(1).expect("the server's number")[0] - b'0'
}

fn servers(gateway: &Tombolo, count: usize) -> Vec<u8> {
    (0..count).map(|_| server(&mut gateway.connect())).collect()
}

#[test]
fn connections_take_turns() {
    let origins = numbered(3);
    for workers in [1, 2] {
        let gateway = Tcp::to(&origins).workers(workers).start();
        let got = servers(&gateway, 9);
        for n in 0..3 {
            assert_eq!(got.iter().filter(|got| **got == n).count(), 3, "{got:?}");
        }
    }
}

#[test]
fn a_server_that_is_down_costs_no_connection() {
    let mut origins = numbered(3);
    let gateway = Tcp::to(&origins).workers(2).start();
    assert_eq!(servers(&gateway, 3).len(), 3);
    let address = origins[1].address();
    origins[1].stop();
    let got = servers(&gateway, 12);
    assert!(!got.contains(&1), "{got:?}");
    assert!(got.contains(&0) && got.contains(&2), "{got:?}");
    // It comes back, and is used again.
    let _back = Origin::start_at(address, |connection| connection.write("1"));
    assert!(servers(&gateway, 3).contains(&1));
}

#[test]
fn all_servers_down_is_told_to_the_client_and_in_the_log() {
    let mut origins = numbered(2);
    origins.iter_mut().for_each(Origin::stop);
    let gateway = Tcp::to(&origins).start();
    let refused = || {
        let read = TcpStream::connect(gateway.address()).and_then(|mut it| it.read(&mut [0]));
        assert!(read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    };
    refused();
    let line = gateway.stderr().wait_for_text("no server of a [[tcp]] could be reached");
    assert!(line.contains("Connection refused"), "{line}");
    (0..20).for_each(|_| refused());
    let told = gateway.stderr().text().matches("no server of a [[tcp]]").count();
    assert!(told <= 2, "told {told} times: anybody could fill the log");
}

/// Connections count for as long as they are open.
#[test]
fn the_server_with_the_fewest_connections_is_taken() {
    let origins = numbered(3);
    let gateway = Tcp::to(&origins).upstream("policy = \"least-requests\"").start();
    let mut held: Vec<(u8, Client)> = Vec::new();
    for _ in 0..6 {
        let mut client = gateway.connect();
        held.push((server(&mut client), client));
    }
    for n in 0..3 {
        assert_eq!(held.iter().filter(|(at, _)| *at == n).count(), 2);
    }
    held.retain(|(at, _)| *at != 2);
    eventually("two connections to end", || (origins[2].open() == 0).then_some(()));
    let mut two = [gateway.connect(), gateway.connect()];
    assert_eq!(two.each_mut().map(server), [2, 2]);
}

#[test]
fn a_client_keeps_its_server_by_its_address() {
    let origins = numbered(4);
    let policy = "policy = \"hash\"\nhash_on = \"client\"";
    let gateway = Tcp::to(&origins).upstream(policy).workers(2).start();
    let at = |last: u8| {
        server(&mut Client::connect_from(gateway.address(), Ipv4Addr::new(127, 0, 0, last)))
    };
    let first: Vec<u8> = (1..40).map(at).collect();
    let again: Vec<u8> = (1..40).map(at).collect();
    assert_eq!(first, again);
    assert!((0..4).all(|n| first.contains(&n)), "{first:?}");
}

/// A key that only a request has: in turn.
#[test]
fn without_a_key_connections_take_turns() {
    let origins = numbered(3);
    let policy = "policy = \"hash\"\nhash_on = \"header:x-user\"";
    let gateway = Tcp::to(&origins).upstream(policy).start();
    let mut got = servers(&gateway, 3);
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2]);
}

/// A table of each kind in one gateway: each listener speaks its own.
#[test]
fn http_and_tcp_stand_side_by_side() {
    let origin = Origin::start(tombolo_e2e::scripts::answer(tombolo_e2e::scripts::ok("web")));
    let other = numbered(1).remove(0);
    let text = format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\n[[upstream]]\nname = \"web\"\nservers = [\"{}\"]\n\
         [[upstream]]\nname = \"other\"\nservers = [\"{}\"]\n\
         [[tcp]]\nlisten = [\"127.0.0.1:0\"]\nupstream = \"other\"\n",
        origin.address(),
        other.address()
    );
    let gateway = Tombolo::gateway(&text);
    assert_eq!(gateway.connect().get("/").text(), "web");
    assert_eq!(server(&mut Client::connect(gateway.tcp_address())), 0);
}
