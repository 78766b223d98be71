//! Upgrades: after 101 the gateway only carries bytes (RFC 9110 section 7.8).

use std::time::Duration;
use tombolo_e2e::{Client, Connection, Origin, Setup, Tombolo, WireError, scripts};

const ASK: &str = "GET /ws HTTP/1.1\r\nHost: example.org\r\nConnection: keep-alive, Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const AGREE: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A gateway before an origin that agrees to any upgrade and then runs `after`.
fn switched(
    after: impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static,
) -> (Origin, Tombolo, Client) {
    let origin = Origin::start(move |connection| {
        let head = connection.wire.read_head()?;
        assert_eq!(head.one("upgrade"), Some("websocket"));
        assert!(head.one("connection").is_some_and(|c| c.eq_ignore_ascii_case("upgrade")));
        assert_eq!(head.one("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
        connection.write(AGREE)?;
        after(connection)
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(ASK);
    let head = client.wire.read_head().expect("the switch");
    assert_eq!((head.status(), head.one("upgrade")), (101, Some("websocket")));
    assert!(head.one("connection").is_some_and(|c| c.eq_ignore_ascii_case("upgrade")));
    assert_eq!(head.one("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    (origin, gateway, client)
}

fn echo_bytes(connection: &mut Connection) -> Result<(), WireError> {
    loop {
        let bytes = connection.wire.read_some()?;
        if bytes.is_empty() {
            return Ok(());
        }
        connection.write(bytes)?;
    }
}

#[test]
fn bytes_go_both_ways_as_they_are() {
    let (_origin, _gateway, mut client) = switched(echo_bytes);
    let every: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for _ in 0..20 {
        client.send(&every);
        assert_eq!(client.wire.read_exact(every.len()).expect("the echo"), every);
    }
}

/// Both directions at once, more than any buffer holds: neither may block the other.
#[test]
fn both_directions_flow_at_once() {
    const SIZE: usize = 8 << 20;
    let (_origin, _gateway, client) = switched(|connection| {
        connection.stop_recording();
        let mut reader = connection.wire.stream().try_clone()?;
        let sink = std::thread::spawn(move || {
            std::io::copy(&mut std::io::Read::take(&mut reader, SIZE as u64), &mut std::io::sink())
        });
        connection.write(vec![7; SIZE])?;
        assert_eq!(sink.join().expect("the sink")?, SIZE as u64);
        Ok(())
    });
    let mut writer = client.wire.stream().try_clone().expect("a second handle");
    let source = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &vec![9; SIZE]));
    let mut client = client;
    let got = client.wire.read_exact(SIZE).expect("the upstream's bytes");
    assert!(got.iter().all(|&byte| byte == 7));
    source.join().expect("the source").expect("all bytes were taken");
}

#[test]
fn the_clients_half_close_reaches_the_upstream_only() {
    let (_origin, _gateway, mut client) = switched(|connection| {
        let mut bytes = Vec::new();
        loop {
            let piece = connection.wire.read_some()?;
            if piece.is_empty() {
                break;
            }
            bytes.extend(piece);
        }
        // The client has finished; it still listens.
        connection.write(format!("got {} bytes", bytes.len()))
    });
    client.send("12345");
    client.half_close();
    assert_eq!(client.read_to_end(), b"got 5 bytes");
}

#[test]
fn the_upstreams_half_close_reaches_the_client_only() {
    let (origin, _gateway, mut client) = switched(|connection| {
        connection.write("farewell")?;
        connection.wire.half_close();
        connection.read_to_close()
    });
    assert_eq!(client.read_to_end(), b"farewell");
    client.send("but I still talk");
    client.half_close();
    let tape = origin.settled().remove(0);
    assert!(tape.ends_with(b"but I still talk"), "{}", String::from_utf8_lossy(&tape));
}

#[test]
fn a_vanished_client_is_told_to_the_upstream() {
    let (origin, _gateway, client) = switched(Connection::read_to_close);
    client.reset();
    origin.settled();
}

#[test]
fn a_vanished_upstream_is_told_to_the_client() {
    let (_origin, _gateway, mut client) = switched(|connection| {
        let socket = socket2::SockRef::from(connection.wire.stream());
        socket.set_linger(Some(Duration::ZERO))?;
        Err(WireError::Reset)
    });
    client.expect_close();
}

#[test]
fn bytes_that_come_with_the_101_are_not_lost() {
    let origin = Origin::start(|connection| {
        connection.wire.read_head()?;
        connection.write(format!("{AGREE}first words"))?;
        echo_bytes(connection)
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(ASK);
    assert_eq!(client.wire.read_head().expect("the switch").status(), 101);
    assert_eq!(client.wire.read_exact(11).expect("the words"), b"first words");
}

#[test]
fn a_refused_upgrade_is_an_ordinary_answer() {
    for answer in [
        "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    ] {
        let origin = Origin::start(scripts::answer(answer));
        let gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        for _ in 0..2 {
            assert_eq!(client.exchange(ASK).text(), "no");
        }
    }
}

#[test]
fn a_switch_nobody_asked_for_is_no_switch() {
    let origin = Origin::start(scripts::answer_and_wait(AGREE));
    let gateway = Setup::to(&origin).start();
    assert_eq!(gateway.connect().get("/").status(), 502);
}

#[test]
fn a_silent_tunnel_is_closed_in_the_end() {
    let origin = Origin::start(|connection| {
        connection.wire.read_head()?;
        connection.write(AGREE)?;
        connection.read_to_close()
    });
    let gateway = Setup::to(&origin).timeouts("tunnel_idle = \"300ms\"").start();
    let mut client = gateway.connect();
    client.send(ASK);
    assert_eq!(client.wire.read_head().expect("the switch").status(), 101);
    client.expect_close();
    origin.settled();
}

#[test]
fn a_tunnel_stands_in_the_log() {
    let (_origin, gateway, mut client) = switched(echo_bytes);
    client.send("12345");
    assert_eq!(client.wire.read_exact(5).expect("the echo"), b"12345");
    drop(client);
    let record = gateway.wait_for_record("the tunnel", |record| record["target"] == "/ws");
    assert_eq!(record["status"], 101);
}
