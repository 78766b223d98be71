//! The draft's interim response: who sends a file learns where it is while it is being sent.

use std::io::{Read, Write};
use std::net::TcpStream;

use tombolo_e2e::{PATIENCE, eventually};

use crate::cluster::{Cluster, ask};
use crate::noise;

const LENGTH: usize = 2_000_000;

/// Reads a head, to its empty line.
fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut one = [0];
        stream.read_exact(&mut one).unwrap();
        bytes.push(one[0]);
    }
    String::from_utf8(bytes).unwrap()
}

fn field<'h>(head: &'h str, name: &str) -> &'h str {
    let found = head.lines().find_map(|line| {
        let (field, value) = line.split_once(": ")?;
        field.eq_ignore_ascii_case(name).then_some(value)
    });
    found.unwrap_or_else(|| panic!("no {name}: {head}"))
}

#[test]
fn a_cut_creation_goes_on_where_the_interim_response_says() {
    let cluster = Cluster::start();
    let token = cluster.token();
    let bytes = noise(LENGTH);
    let begin = |version: &str| {
        let mut stream = TcpStream::connect(cluster.gateway.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST /library/api/uploads HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\
             Upload-Draft-Interop-Version: {version}\r\nUpload-Complete: ?1\r\n\
             Content-Length: {LENGTH}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&bytes[..LENGTH / 2]).unwrap();
        stream
    };
    let mut stream = begin("8");
    let interim = head(&mut stream);
    assert!(interim.starts_with("HTTP/1.1 104 "), "{interim}");
    assert_eq!(field(&interim, "upload-draft-interop-version"), "8");
    let location = field(&interim, "location").to_owned();
    let path = &location[location.find("/library").unwrap()..];

    let bearer = format!("Bearer {token}");
    let draft = [("Authorization", bearer.as_str()), ("Upload-Draft-Interop-Version", "8")];
    let gateway = cluster.gateway.address();
    // In the list, which leaves it alone: who asks for the upload itself takes it over, and what is not
    // stored yet is given up.
    eventually("what was sent to be stored", || {
        let shown = ask(gateway, "GET", "/library/api/uploads", &draft[..1], b"").json();
        shown["items"][0]["offset"].as_u64().filter(|offset| *offset > 0)
    });
    drop(stream);
    let told = ask(gateway, "HEAD", path, &draft, b"");
    assert_eq!(told.status, 204, "{told:?}");
    let offset = told.offset();
    assert!(offset > 0, "{told:?}");
    let rest = offset.to_string();
    let more = [
        ("Upload-Offset", rest.as_str()),
        ("Upload-Complete", "?1"),
        ("Content-Type", "application/partial-upload"),
    ];
    let done = ask(gateway, "PATCH", path, &[&draft[..], &more].concat(), &bytes[offset..]);
    assert_eq!(done.status, 200, "{done:?}");
    assert!(cluster.newest(&token) == bytes);

    // Nobody else is told anything before the answer.
    let mut other = begin("3");
    other.write_all(&bytes[LENGTH / 2..]).unwrap();
    assert!(head(&mut other).starts_with("HTTP/1.1 201 "));
    // And the answer of one that was told is in step.
    let mut whole = begin("6");
    assert!(head(&mut whole).starts_with("HTTP/1.1 104 "));
    whole.write_all(&bytes[LENGTH / 2..]).unwrap();
    assert!(head(&mut whole).starts_with("HTTP/1.1 201 "));
}
