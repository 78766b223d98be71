//! Upstreams that cannot be reached in time, or do not answer in time.

use crate::{let_go, willing};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use tombolo_e2e::{Origin, Setup, eventually};

/// A listener whose queue is full: the system drops further attempts, so that connecting to it
/// neither succeeds nor fails. Keeps what fills the queue.
struct BlackHole {
    address: SocketAddr,
    _listener: socket2::Socket,
    _queue: Vec<socket2::Socket>,
}

fn tcp() -> socket2::Socket {
    socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket")
}

fn black_hole() -> BlackHole {
    let listener = tcp();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
    listener.listen(0).expect("a queue");
    let address = listener.local_addr().ok().and_then(|a| a.as_socket()).expect("an address");
    let mut queue = Vec::new();
    eventually("the queue to be full", || {
        let socket = tcp();
        socket.set_nonblocking(true).expect("non-blocking");
        // Under way; whether it was queued shows in the probe.
        let _ = socket.connect(&address.into());
        queue.push(socket);
        TcpStream::connect_timeout(&address, Duration::from_millis(150)).err()
    });
    BlackHole { address, _listener: listener, _queue: queue }
}

#[test]
fn a_server_that_cannot_be_reached_in_time_is_a_504() {
    let hole = black_hole();
    let gateway =
        Setup::to_addresses([hole.address.to_string()]).timeouts("connect = \"300ms\"").start();
    let answer = gateway.connect().get("/");
    assert_eq!(answer.status(), 504);
    let record = gateway.wait_for_record("the failure", |record| record["status"] == 504);
    assert!(record["error"].is_string(), "{record}");
}

#[test]
fn a_server_that_cannot_be_reached_in_time_is_passed_over() {
    let (hole, origin) = (black_hole(), willing());
    let servers = [hole.address.to_string(), origin.address().to_string()];
    let gateway = Setup::to_addresses(servers).timeouts("connect = \"300ms\"").start();
    let mut client = gateway.connect();
    for _ in 0..4 {
        assert_eq!(client.get("/").text(), "ok");
        let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(client.exchange(post).text(), "ok", "nothing of it had been sent");
    }
}

#[test]
fn an_answer_that_does_not_begin_in_time_is_a_504() {
    for request in [
        "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        "PUT /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        let origin = Origin::start(|connection| {
            connection.read_request()?;
            connection.read_to_close()
        });
        let gateway = Setup::to(&origin).timeouts("first_byte = \"300ms\"").start();
        let answer = gateway.connect().exchange(request);
        assert_eq!(answer.status(), 504, "{request:?}");
        let_go(&origin);
        assert_eq!(origin.connections(), 1, "a slow server is not asked twice");
        let record = gateway.wait_for_record("the failure", |record| record["target"] == "/slow");
        assert!(record["error"].is_string(), "{record}");
    }
}

/// The time for the first byte begins when the request has gone, not with its first byte.
#[test]
fn a_slow_upload_does_not_use_up_the_servers_time() {
    let origin = willing();
    let gateway = Setup::to(&origin).timeouts("first_byte = \"400ms\"").start();
    let mut client = gateway.connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 25\r\n\r\n");
    assert_eq!(client.drip([b'x'; 25], Duration::from_millis(40)), 25);
    assert_eq!(client.read_response().expect("an answer").status(), 200);
}

/// Half a head that drips for ever is no answer either.
#[test]
fn an_answer_whose_head_drips_is_cut() {
    let origin = Origin::start(|connection| {
        connection.read_request()?;
        connection.write("HTTP/1.1 200 OK\r\nX: ")?;
        loop {
            connection.write("y")?;
            // The pace is the point: a server that never gets to the end.
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let gateway =
        Setup::to(&origin).timeouts("first_byte = \"500ms\"\nbody_gap = \"500ms\"").start();
    let status = gateway.connect().get("/").status();
    assert!([502, 504].contains(&status), "{status}");
    let_go(&origin);
}

#[test]
fn idle_upstream_connections_are_let_go_in_time() {
    let origin = willing();
    let gateway = Setup::to(&origin).timeouts("upstream_idle = \"300ms\"").start();
    let mut client = gateway.connect();
    client.get("/");
    let_go(&origin);
    assert_eq!(client.get("/").status(), 200);
    assert_eq!(origin.connections(), 2);
}

#[test]
fn the_pool_keeps_no_more_than_it_is_told() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("upstream_idle = 0").start();
    let mut client = gateway.connect();
    for round in 1..=3 {
        client.get("/");
        assert_eq!(origin.connections(), round);
    }
    let_go(&origin);
}
