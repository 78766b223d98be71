//! How long and how many.

use crate::{Tcp, echo, numbered};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tombolo_e2e::{Client, Connection, Origin, eventually};

#[test]
fn a_quiet_connection_is_closed_on_both_sides() {
    let origin = Origin::start(Connection::read_to_close);
    let gateway = Tcp::to([&origin]).tcp("idle = \"300ms\"").start();
    let mut client = gateway.connect();
    client.send("x");
    let began = Instant::now();
    client.expect_close();
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
    origin.settled();
}

/// Bytes of either direction keep both open.
#[test]
fn one_direction_keeps_the_other_open() {
    let origin = Origin::start(echo);
    let gateway = Tcp::to([&origin]).tcp("idle = \"500ms\"").start();
    let mut client = gateway.connect();
    assert_eq!(client.drip("0123456789", Duration::from_millis(1)), 1, "the echo comes");
    let origin = Origin::start(|connection| {
        connection.wire.set_patience(Duration::from_millis(200))?;
        for _ in 0..6 {
            // Nothing comes: the silence of one side.
            let _ = connection.wire.read_some();
            connection.write(".")?;
        }
        Ok(())
    });
    let gateway = Tcp::to([&origin]).tcp("idle = \"500ms\"").start();
    assert_eq!(gateway.connect().read_to_end(), b"......");
}

#[test]
fn connections_beyond_the_limit_are_closed_at_once() {
    let origin = &numbered(1)[0];
    let gateway = Tcp::to([origin]).tcp("connections = 2").workers(2).start();
    let mut held = [gateway.connect(), gateway.connect()];
    for client in &mut held {
        client.wire.read_exact(1).expect("a place");
    }
    Client::expect_turned_away(Client::try_connect(gateway.address()));
    let [one, _two] = held;
    drop(one);
    eventually("a place", || Client::try_connect(gateway.address()).ok()?.wire.read_exact(1).ok());
}

#[test]
fn the_gateways_limits_hold_for_both_kinds_together() {
    let origin = &numbered(1)[0];
    let limits = "[gateway.limits]\nconnections = 3\nconnections_per_client = 2";
    let gateway = Tcp::to([origin]).gateway(limits).start();
    let from = |last| Client::connect_from(gateway.address(), Ipv4Addr::new(127, 0, 0, last));
    let mut held = [from(2), from(2), from(3)];
    for client in &mut held {
        client.wire.read_exact(1).expect("a place");
    }
    for last in [2, 4] {
        let source = Ipv4Addr::new(127, 0, 0, last);
        Client::expect_turned_away(Client::try_connect_from(gateway.address(), source));
    }
}

/// A server that does not answer is passed over when its time is up.
#[test]
fn a_silent_server_is_passed_over() {
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    // Fills its queue: from then on the kernel drops what knocks.
    let _knocks: Vec<_> = (0..2)
        .map(|_| {
            let knock = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
            let knock = knock.unwrap();
            knock.set_nonblocking(true).unwrap();
            let _ = knock.connect(&address.into());
            knock
        })
        .collect();
    let good = &numbered(1)[0];
    let servers = [address.to_string(), good.address().to_string()];
    let gateway = Tcp::to_addresses(servers).tcp("connect = \"200ms\"").start();
    for _ in 0..2 {
        assert_eq!(gateway.connect().wire.read_exact(1).expect("the other server"), b"0");
    }
}
