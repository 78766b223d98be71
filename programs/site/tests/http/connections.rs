//! Connections: several requests on one, files that change under way, clients that misbehave.

use std::io::{Read, Write};
use std::net::Shutdown;

use crate::harness::{Answer, Replica, head, pattern};

/// Reads one response with a body of known length from a connection that stays open.
fn read_answer(stream: &mut impl Read) -> Answer {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let mut answer = Answer::parse_head(&bytes[..bytes.len() - 4]);
    let length = answer.field("content-length").unwrap().parse().unwrap();
    answer.body = vec![0; length];
    stream.read_exact(&mut answer.body).unwrap();
    answer
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let replica = Replica::of_folder();
    replica.put("one", "1");
    replica.put("two", pattern(200_000));
    let mut stream = replica.connect();
    let requests: Vec<u8> = ["/one", "/two", "/none", "/one"]
        .iter()
        .flat_map(|target| head("GET", target, &[], ""))
        .collect();
    stream.write_all(&requests).unwrap();
    assert_eq!(read_answer(&mut stream).body, b"1");
    assert_eq!(read_answer(&mut stream).body.len(), 200_000);
    assert_eq!(read_answer(&mut stream).status, 404);
    assert_eq!(read_answer(&mut stream).body, b"1");
}

#[test]
fn a_client_that_half_closes_still_gets_its_answer() {
    let replica = Replica::of_folder();
    let content = pattern(2_000_000);
    replica.put("file", &content);
    let mut stream = replica.connect();
    stream.write_all(&head("GET", "/file", &[], "")).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert!(Answer::parse(&bytes, "GET").body == content);
}

/// The sockets between us hold some of it; this is more than they can.
const MORE_THAN_SOCKETS_HOLD: usize = 15 * 1024 * 1024;

/// Starts a download, lets `change` happen after its head, and gives back what arrived.
fn download_while(replica: &Replica, change: impl FnOnce()) -> (usize, Vec<u8>) {
    let mut stream = replica.connect();
    stream.write_all(&head("GET", "/file", &[], "Connection: close\r\n")).unwrap();
    let mut head_bytes = Vec::new();
    while !head_bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head_bytes.push(byte[0]);
    }
    change();
    let answer = Answer::parse_head(&head_bytes[..head_bytes.len() - 4]);
    let promised = answer.field("content-length").unwrap().parse().unwrap();
    let mut body = Vec::new();
    // Either end of a cut connection is fine: the end of the stream or a reset.
    let _ = stream.read_to_end(&mut body);
    (promised, body)
}

#[test]
fn a_file_cut_short_under_way_never_passes_for_whole() {
    let replica = Replica::of_folder();
    let content = pattern(MORE_THAN_SOCKETS_HOLD);
    replica.put("file", &content);
    let path = replica.root().join("file");
    let (promised, body) = download_while(&replica, || {
        std::fs::File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
    });
    assert_eq!(promised, content.len());
    assert!(body.len() < promised, "the whole length arrived of a file that was cut");
    assert!(content.starts_with(&body));
    assert_eq!(replica.get("/file").body.len(), 1000, "the next request finds the new file");
}

#[test]
fn a_file_overwritten_under_way_never_passes_for_whole() {
    let replica = Replica::of_folder();
    replica.put("file", pattern(MORE_THAN_SOCKETS_HOLD));
    let path = replica.root().join("file");
    let (promised, body) = download_while(&replica, || {
        std::fs::write(&path, vec![0; MORE_THAN_SOCKETS_HOLD]).unwrap();
    });
    assert!(body.len() < promised, "a mixture of two files arrived as one");
}

#[test]
fn a_file_replaced_under_way_arrives_as_it_was() {
    let replica = Replica::of_folder();
    let content = pattern(MORE_THAN_SOCKETS_HOLD);
    replica.put("file", &content);
    replica.put("new", "new");
    let (old, new) = (replica.root().join("file"), replica.root().join("new"));
    let (_, body) = download_while(&replica, || std::fs::rename(&new, &old).unwrap());
    assert!(body == content);
    assert_eq!(replica.get("/file").text(), "new");
}

#[test]
fn a_client_that_vanishes_harms_nobody() {
    let replica = Replica::of_folder();
    replica.put("file", pattern(MORE_THAN_SOCKETS_HOLD));
    for _ in 0..20 {
        let mut stream = replica.connect();
        stream.write_all(&head("GET", "/file", &[], "")).unwrap();
        stream.read_exact(&mut [0; 100]).unwrap();
    }
    assert_eq!(replica.get("/health").status, 200);
}

#[test]
fn a_head_without_end_is_refused() {
    let replica = Replica::of_folder();
    let many: Vec<(String, String)> =
        (0..150).map(|number| (format!("X-{number}"), "v".into())).collect();
    let many: Vec<(&str, &str)> =
        many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let large = "v".repeat(70_000);
    for fields in [many.as_slice(), &[("X-Large", large.as_str())]] {
        let mut stream = replica.connect();
        // The server may close before it has taken all of it.
        let _ = stream.write_all(&head("GET", "/", fields, ""));
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 431 "), "{text}");
    }
    assert_eq!(replica.get("/health").status, 200);
}

#[test]
fn many_clients_are_served_at_once() {
    let replica = Replica::of_folder();
    let content = pattern(300_000);
    replica.put("file", &content);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert!(replica.get("/file").body == content);
                }
            });
        }
    });
}
