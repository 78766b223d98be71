//! What is not HTTP/1 on a port for it: named, in the answer and in the log.

use crate::willing;
use tombolo_e2e::Setup;

#[test]
fn another_protocol_is_named() {
    let origin = willing();
    let gateway = Setup::to(&origin).start();
    let hello = [0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, b'\n', b'\r', 0, 7];
    let proxy = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for (sent, answer, words) in [
        (&hello[..], &b"\x15\x03\x01\x00\x02\x02\x46"[..], "TLS"),
        (&hello[..6], b"\x15\x03\x01\x00\x02\x02\x46", "TLS"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 505 ", "HTTP/2"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 ", "SSH"),
        (proxy, b"HTTP/1.1 400 ", "proxy_protocol"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", b"HTTP/1.1 400 ", "proxy_protocol"),
    ] {
        let mut client = gateway.connect();
        client.send(sent);
        client.half_close();
        let got = client.read_to_end();
        assert!(got.starts_with(answer), "{words}: {}", got.escape_ascii());
        gateway.wait_for_record("the protocol's name", |record| {
            record["error"].as_str().is_some_and(|error| error.contains(words))
        });
    }
    assert_eq!(origin.connections(), 0);
    assert_eq!(gateway.connect().get("/").status(), 200);
}
