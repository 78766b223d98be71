//! Headers as the specification shows them, and everything that is nearly one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::net::SocketAddr;

use tombolo_proxy_protocol::{Error, HEADER_BYTES_MAX, Header, Parsed, parse};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn proxied(source: &str, destination: &str) -> Header {
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    Header::Proxied { source: address(source), destination: address(destination) }
}

/// The header of `bytes`, which must be whole, with what must follow it.
fn whole(bytes: &[u8]) -> (Header, &[u8]) {
    match parse(bytes) {
        Ok(Parsed::Whole { header, length }) => (header, &bytes[length..]),
        other => panic!("{other:?}: {:?}", String::from_utf8_lossy(bytes)),
    }
}

fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, rest].concat()
}

#[test]
fn lines_are_read() {
    let line = b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n";
    let expected = proxied("192.168.0.1:56324", "192.168.0.11:443");
    assert_eq!(whole(line), (expected, &b"GET / HTTP/1.1\r\n"[..]));
    let line = b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n";
    assert_eq!(whole(line), (proxied("[2001:db8::1]:1", "[::1]:65535"), &b""[..]));
    for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 whatever 1\r\n"] {
        assert_eq!(whole(line.as_bytes()), (Header::Own, &b""[..]));
    }
    let longest = "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535".to_owned();
    let longest = format!("{longest:<105}\r\n");
    assert_eq!(whole(longest.as_bytes()).0, Header::Own);
}

#[test]
fn lines_that_are_nearly_right_are_refused() {
    for line in [
        "PROXY\r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.5 1 2\r\n",
        "PROXY TCP4  1.2.3.4 1.2.3.5 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.5 1 2 \r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.5 1 2\n",
        "PROXY TCP4 1.2.3.4 1.2.3.5 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.5 01 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.5 +1 2\r\n",
        "PROXY TCP4 01.2.3.4 1.2.3.5 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.5 1 2\r\n",
        "PROXY tcp4 1.2.3.4 1.2.3.5 1 2\r\n",
        "PROXY TCP4 1.2.3.4\r\n1.2.3.5 1 2\r\n",
        "proxy TCP4 1.2.3.4 1.2.3.5 1 2\r\n",
        "POST / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\n",
        "EVAL 1+1\n",
        "\r\n\r\nGET / HTTP/1.1\r\n",
    ] {
        assert!(parse(line.as_bytes()).is_err(), "{line:?}");
    }
    let long = format!("PROXY UNKNOWN {}", "x".repeat(100));
    assert_eq!(parse(long.as_bytes()), Err(Error::Line("it is too long")));
    assert_eq!(parse(b"PROXY TCP4 \xff\r\n"), Err(Error::Line("it is not ASCII")));
}

#[test]
fn binary_headers_are_read() {
    let four = [10, 0, 0, 1, 10, 0, 0, 2, 0x1f, 0x90, 0, 80];
    let bytes = [&binary(0x21, 0x11, &four)[..], b"hello"].concat();
    assert_eq!(whole(&bytes), (proxied("10.0.0.1:8080", "10.0.0.2:80"), &b"hello"[..]));
    let six = [&[0; 15][..], &[1], &[0; 15], &[2], &[0, 1, 0, 2]].concat();
    assert_eq!(whole(&binary(0x21, 0x21, &six)).0, proxied("[::1]:1", "[::2]:2"));
    // A value of type 4 (NOOP) and one of a certificate's name after the addresses.
    let more = [&four[..], &[4, 0, 2, 0, 0], &[0x22, 0, 1, b'x']].concat();
    let bytes = [&binary(0x21, 0x11, &more)[..], b"!"].concat();
    assert_eq!(whole(&bytes), (proxied("10.0.0.1:8080", "10.0.0.2:80"), &b"!"[..]));
}

#[test]
fn what_has_no_ip_addresses_is_the_proxys_own() {
    let four = [10, 0, 0, 1, 10, 0, 0, 2, 0x1f, 0x90, 0, 80];
    for (command, family, rest) in [
        (0x20, 0x00, &[][..]),
        (0x20, 0x11, &four),
        (0x21, 0x00, &[]),
        (0x21, 0x00, &[9; 77]),
        (0x21, 0x31, &[b'/'; 216]),
        (0x21, 0x32, &[b'/'; 300]),
        (0x21, 0x12, &four),
    ] {
        let bytes = binary(command, family, rest);
        assert_eq!(whole(&bytes), (Header::Own, &b""[..]), "{command:x} {family:x}");
    }
}

#[test]
fn binary_headers_that_are_nearly_right_are_refused() {
    for (command, family, rest) in [
        (0x11, 0x11, &[0; 12][..]),
        (0x31, 0x11, &[0; 12]),
        (0x22, 0x11, &[0; 12]),
        (0x21, 0x11, &[0; 11]),
        (0x21, 0x21, &[0; 35]),
        (0x21, 0x31, &[0; 215]),
        (0x21, 0x41, &[0; 300]),
        (0x21, 0x13, &[0; 12]),
    ] {
        assert!(parse(&binary(command, family, rest)).is_err(), "{command:x} {family:x}");
    }
    // Refused before it has come: a sender cannot make us keep 64 KiB.
    let head = [SIGNATURE, &[0x21, 0x11, 0xff, 0xff]].concat();
    assert_eq!(parse(&head), Err(Error::TooLong(65_551)));
    let most = u16::try_from(HEADER_BYTES_MAX - 16).unwrap();
    let bytes = binary(0x21, 0x00, &vec![0; usize::from(most)]);
    assert_eq!(whole(&bytes), (Header::Own, &b""[..]));
}
