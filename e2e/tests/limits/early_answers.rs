//! Answers that come while the request is still on its way.

use crate::let_go;
use tombolo_e2e::{Client, Gate, Origin, Setup, WireError};

/// More than the kernel takes in on the way, so that it cannot be sent whole to a server that reads nothing.
const SIZE: usize = 96 << 20;

/// Starts to upload `SIZE` bytes in a thread of its own, as far as they are taken.
fn upload(client: &mut Client) -> std::thread::JoinHandle<bool> {
    client
        .send(format!("POST /up HTTP/1.1\r\nHost: example.org\r\nContent-Length: {SIZE}\r\n\r\n"));
    let mut writer = client.wire.stream().try_clone().expect("a second handle");
    std::thread::spawn(move || std::io::Write::write_all(&mut writer, &vec![b'x'; SIZE]).is_ok())
}

/// The upstream refuses and reads no further: the client must see the refusal, although it is busy
/// sending.
#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let origin = Origin::start(|connection| {
        connection.wire.read_head()?;
        connection.write("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")?;
        // Neither reads nor closes until the gateway gives up.
        connection.stop_recording();
        connection.read_to_close()
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let writer = upload(&mut client);
    let answer = client.read_response().expect("the refusal");
    assert_eq!((answer.status(), answer.text()), (403, "no".into()));
    drop(client);
    writer.join().expect("the writer");
    let_go(&origin);
}

/// The gateway refuses, and the client reads only when it has sent all.
#[test]
fn rfc9112_9_6_a_refusal_reaches_a_client_that_sends_all_before_it_reads() {
    let origin = crate::willing();
    let gateway = Setup::to(&origin).limits("body_bytes = \"1MiB\"").start();
    let mut client = gateway.connect();
    let size = 40 << 20;
    client.send(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"));
    client.send(vec![b'z'; size]);
    assert_eq!(client.read_response().expect("the refusal").status(), 413);
    assert_eq!(origin.connections(), 0);
}

/// The upstream refuses and closes at once, so that the gateway's writes fail: what the upstream
/// said before counts.
#[test]
fn a_refusal_counts_although_the_upstream_has_closed() {
    let origin = Origin::start(|connection| {
        connection.wire.read_head()?;
        connection.write("HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")?;
        connection.wire.half_close();
        connection.wire.read_exact(100_000)?;
        Err(WireError::Closed)
    });
    let gateway = Setup::to(&origin).start();
    for _ in 0..5 {
        let mut client = gateway.connect();
        let writer = upload(&mut client);
        let answer = client.read_response().expect("an answer");
        assert_eq!((answer.status(), answer.text()), (403, "no".into()));
        drop(client);
        writer.join().expect("the writer");
    }
    assert_eq!(origin.connections(), 5, "no such connection is used again");
}

/// An answer may begin while the request still runs, and both may end in their own time.
#[test]
fn both_directions_may_run_to_their_ends() {
    let begun = Gate::new();
    let gate = begun.clone();
    let origin = Origin::start(move |connection| {
        connection.stop_recording();
        connection.wire.read_head()?;
        let first = connection.wire.read_exact(1 << 20)?.len();
        connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")?;
        gate.wait("the client to see the beginning");
        let rest = connection.wire.read_exact(SIZE - (1 << 20))?.len();
        let last = (first + rest).to_string();
        connection.write(format!("{:x}\r\n{last}\r\n0\r\n\r\n", last.len()))?;
        connection.read_to_close()
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let writer = upload(&mut client);
    let head = client.wire.read_head().expect("the head");
    assert_eq!(head.status(), 200);
    begun.open();
    let framing = head.response_framing("POST").expect("plain framing");
    let (body, _) = client.wire.read_body(framing).expect("the whole body");
    assert_eq!(String::from_utf8_lossy(&body), format!("begun{SIZE}"));
    assert!(writer.join().expect("the writer"), "the whole upload was taken");
}
