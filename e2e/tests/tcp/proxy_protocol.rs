//! PROXY protocol headers, from who is trusted and to who expects them.

use crate::{Tcp, echo, numbered};
use std::net::{Ipv4Addr, SocketAddr};
use tombolo_e2e::{Client, Origin, Tombolo, eventually};

const TRUSTED: &str = "proxy_protocol_in = true\ntrusted = [\"127.0.0.1\"]\n";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A header of version 2 for a connection over IPv4.
fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, rest].concat()
}

fn expecting(origin: &Origin, more: &str) -> Tombolo {
    Tcp::to([origin]).tcp(format!("{TRUSTED}{more}")).start()
}

#[test]
fn a_header_is_taken_off_and_the_rest_goes_on() {
    let origin = Origin::start(echo);
    let gateway = expecting(&origin, "");
    let addresses = [10, 1, 1, 1, 10, 1, 1, 2, 0, 80, 0, 81];
    let with_values = [&addresses[..], &[4, 0, 3, 1, 2, 3], &[0x20, 0, 1, b'x']].concat();
    for header in [
        b"PROXY TCP4 10.1.1.1 10.1.1.2 80 81\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::1 ::1 80 81\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        binary(0x21, 0x11, &addresses),
        binary(0x21, 0x11, &with_values),
        binary(0x21, 0x31, &[b'/'; 216]),
        binary(0x20, 0x00, &[]),
        binary(0x21, 0x00, &[0; 3000]),
    ] {
        let mut client = gateway.connect();
        client.send([&header[..], b"hello"].concat());
        assert_eq!(client.wire.read_exact(5).expect("the echo"), b"hello");
        let mut client = gateway.connect();
        client.send_bytewise(&header);
        client.send("hello");
        assert_eq!(client.wire.read_exact(5).expect("the echo"), b"hello");
    }
    assert!(origin.tapes().iter().all(|tape| tape.bytes() == b"hello"));
}

#[test]
fn who_is_not_trusted_or_sends_no_header_reaches_no_server() {
    let origin = &numbered(1)[0];
    let gateway = expecting(origin, "");
    let header = "PROXY TCP4 10.1.1.1 10.1.1.2 80 81\r\n";
    let mut stranger = Client::connect_from(gateway.address(), Ipv4Addr::new(127, 0, 0, 9));
    stranger.try_send(header);
    stranger.expect_close();
    gateway.stderr().wait_for_text("not among those that are trusted");
    for bytes in [
        b"EVAL 1+1\n".to_vec(),
        b"PROXY TCP4 10.1.1.1 10.1.1.2 80\r\n".to_vec(),
        b"PROXY TCP4 10.1.1.1\r\n".to_vec(),
        binary(0x21, 0x11, &[0; 5]),
        binary(0x31, 0x11, &[0; 12]),
        [SIGNATURE, &[0x21, 0x11, 0xff, 0xff]].concat(),
        vec![b'P'; 200],
    ] {
        let mut client = gateway.connect();
        client.try_send(&bytes);
        client.expect_close();
    }
    gateway.connect().half_close();
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_header_that_does_not_come_is_not_waited_for() {
    let origin = &numbered(1)[0];
    let gateway =
        Tcp::to([origin]).tcp(TRUSTED).gateway("[gateway.timeouts]\nhead = \"300ms\"").start();
    gateway.connect().expect_close();
    let mut client = gateway.connect();
    client.send("PROXY TCP4 10.1");
    client.expect_close();
    assert_eq!(origin.connections(), 0);
}

/// What the first connection to the server brought, once there are `count` bytes of it.
fn brought(origin: &Origin, count: usize) -> Vec<u8> {
    eventually("the header", || {
        let bytes = origin.tapes().first()?.bytes();
        (bytes.len() >= count).then_some(bytes)
    })
}

fn own_address(client: &Client) -> SocketAddr {
    client.wire.stream().local_addr().expect("bound")
}

/// The server is told at once, even if the client says nothing: it may be the first to speak.
#[test]
fn servers_are_told_whom_a_connection_is_from() {
    for (version, first) in [("v1", &b"PROXY "[..]), ("v2", SIGNATURE)] {
        let origin = Origin::start(|connection| {
            connection.wire.read_exact(12)?;
            connection.write("welcome")?;
            echo(connection)
        });
        let out = format!("proxy_protocol_out = \"{version}\"");
        let gateway = Tcp::to([&origin]).tcp(out).start();
        let mut client = gateway.connect();
        assert_eq!(client.wire.read_exact(7).expect("the server speaks first"), b"welcome");
        let (from, to) = (own_address(&client), gateway.address());
        let expected = if version == "v1" {
            format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\n", from.port(), to.port()).into_bytes()
        } else {
            let (from, to) = (from.port().to_be_bytes(), to.port().to_be_bytes());
            binary(0x21, 0x11, &[&[127, 0, 0, 1, 127, 0, 0, 1], &from[..], &to].concat())
        };
        client.send("words");
        let bytes = brought(&origin, expected.len() + 5);
        assert!(bytes.starts_with(first));
        assert_eq!(bytes, [&expected[..], b"words"].concat());
    }
}

/// From one balancer through this one to the server: the first client's address survives.
#[test]
fn a_named_client_is_passed_on() {
    let origin = Origin::start(echo);
    let gateway = expecting(&origin, "proxy_protocol_out = \"v1\"");
    let mut client = gateway.connect();
    let four = [192, 0, 2, 7, 192, 0, 2, 8, 0x30, 0x39, 0x01, 0xbb];
    client.send([&binary(0x21, 0x11, &four)[..], b"hello"].concat());
    let expected = b"PROXY TCP4 192.0.2.7 192.0.2.8 12345 443\r\nhello";
    assert_eq!(brought(&origin, expected.len()), expected);
}

/// Limits and policies look at the client that is named, not at the proxy.
#[test]
fn a_named_client_counts_as_itself() {
    let origins = numbered(4);
    let policy = "policy = \"hash\"\nhash_on = \"client\"";
    let limits = "[gateway.limits]\nconnections_per_client = 2";
    let gateway = Tcp::to(&origins).upstream(policy).tcp(TRUSTED).gateway(limits).start();
    let from = |last: u8| {
        let mut client = gateway.connect();
        client.send(format!("PROXY TCP4 192.0.2.{last} 192.0.2.99 1 2\r\n"));
        client
    };
    let mut held = Vec::new();
    let mut seen = Vec::new();
    for last in 1..20 {
        let mut pair = [from(last), from(last)];
        let at = pair.each_mut().map(|client| client.wire.read_exact(1).expect("a place"));
        assert_eq!(at[0], at[1]);
        seen.extend(at);
        held.extend(pair);
        from(last).expect_close();
    }
    assert!((0..4_u8).all(|n| seen.contains(&vec![b'0' + n])), "all servers are used");
}
