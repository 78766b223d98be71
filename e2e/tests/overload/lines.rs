//! Connections of a `[[tcp]]` have the same limit and wait in the same way.

use crate::waiting;
use std::net::SocketAddr;
use tombolo_e2e::{Client, Connection, Origin, Tombolo, WireError, eventually};

fn echo(connection: &mut Connection) -> Result<(), WireError> {
    connection.write("!")?;
    loop {
        let bytes = connection.wire.read_some()?;
        if bytes.is_empty() {
            return connection.write("bye");
        }
        connection.write(bytes)?;
    }
}

fn start(origin: &Origin, limit: &str) -> (Tombolo, SocketAddr) {
    let gateway = Tombolo::tcp_gateway(&format!(
        "[gateway]\nworkers = 2\nadmin = \"127.0.0.1:0\"\n[[upstream]]\nname = \"app\"\n\
         servers = [\"{}\"]\nlimit = {limit}\n[[tcp]]\nlisten = [\"127.0.0.1:0\"]\nupstream = \"app\"\n",
        origin.address()
    ));
    let admin = gateway.admin();
    (gateway, admin)
}

fn is_in(client: &mut Client) -> bool {
    client.wire.read_exact(1).is_ok_and(|byte| byte == b"!")
}

/// Who is turned away may learn of it as early as while connecting.
fn gets_in(gateway: &Tombolo) -> bool {
    Client::try_connect(gateway.address()).is_ok_and(|mut client| is_in(&mut client))
}

#[test]
fn connections_wait_for_a_place_and_are_closed_without_one() {
    let origin = Origin::start(echo);
    let (gateway, admin) = start(&origin, "{ in_flight = 1, queue = 1, wait = \"1m\" }");
    let mut first = gateway.connect();
    assert!(is_in(&mut first));
    let mut second = gateway.connect();
    second.send("said while it waits");
    // Its side has ended, and it wants the answer all the same.
    second.half_close();
    waiting(admin, 1);
    assert!(!gets_in(&gateway), "the queue is full");
    drop(first);
    assert!(is_in(&mut second));
    assert_eq!(second.read_to_end(), b"said while it waitsbye");
    let metrics = crate::told(admin, "/metrics");
    for line in [
        "tombolo_upstream_overload_refused_total{upstream=\"app\",reason=\"full\"} 1",
        "tombolo_upstream_queued_total{upstream=\"app\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    assert!(gets_in(&gateway), "there is a place again");
}

#[test]
fn a_connection_that_waits_too_long_is_closed() {
    let origin = Origin::start(echo);
    let (gateway, admin) = start(&origin, "{ in_flight = 1, wait = \"200ms\" }");
    let mut first = gateway.connect();
    assert!(is_in(&mut first));
    assert!(!gets_in(&gateway));
    let reset = gateway.connect();
    reset.reset();
    eventually("the queue to be empty", || {
        (crate::upstream(admin)["queue"]["waiting"] == 0).then_some(())
    });
    first.send("x");
    assert_eq!(first.wire.read_exact(1).expect("an echo"), b"x", "who is in stays in");
    assert_eq!(origin.connections(), 1);
}
