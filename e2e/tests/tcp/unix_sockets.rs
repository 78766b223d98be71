//! Servers of a `[[tcp]]` that listen on Unix sockets.

use crate::{Tcp, echo};
use std::io::Write as _;
use tombolo_e2e::{Origin, eventually};

/// Both directions at once, more than any buffer holds, and the end of each.
#[test]
fn bytes_and_ends_pass_both_ways() {
    const SIZE: usize = 8 << 20;
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::start_unix(&folder.path().join("app.sock"), |connection| {
        connection.stop_recording();
        echo(connection)
    });
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    let mut writer = client.wire.stream().try_clone().expect("a second handle");
    let source = std::thread::spawn(move || {
        writer.write_all(&vec![9; SIZE]).expect("all bytes are taken");
        writer.shutdown(std::net::Shutdown::Write).expect("a half-close");
    });
    let got = client.read_to_end();
    source.join().expect("the source");
    assert!(got.len() == SIZE && got.iter().all(|byte| *byte == 9), "{}", got.len());
}

/// A server that closes has said its last words, whatever the client goes on to send.
#[test]
fn the_last_words_of_a_server_that_closes_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::start_unix(&folder.path().join("app.sock"), |connection| {
        connection.wire.read_exact(5)?;
        connection.write("farewell")
    });
    let gateway = Tcp::to([&origin]).start();
    let mut client = gateway.connect();
    client.send("hello");
    assert_eq!(client.wire.read_exact(8).expect("the last words"), b"farewell");
    client.half_close();
    assert_eq!(client.read_to_end(), b"");
    assert_eq!(origin.settled(), [b"hello"]);
}

/// The header names the client and where it connected to: both are known, whatever the server.
#[test]
fn a_header_names_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::start_unix(&folder.path().join("app.sock"), echo);
    let gateway = Tcp::to([&origin]).tcp("proxy_protocol_out = \"v1\"").start();
    let mut client = gateway.connect();
    client.send("words");
    let (from, to) = (client.wire.stream().local_addr().unwrap().port(), gateway.address().port());
    let expected = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {from} {to}\r\nwords");
    eventually("the header", || {
        (origin.tapes().first()?.bytes() == expected.as_bytes()).then_some(())
    });
}
