//! Large bodies stream through: memory does not grow with them.

use crate::let_go;
use std::sync::LazyLock;
use tombolo_e2e::{Client, Framing, Gate, Origin, Setup, Tombolo, scripts};

const SIZE: usize = 100 << 20;

/// How much more memory a transfer may take than the gateway had before it: buffers, not bodies.
const ROOM: u64 = 8 << 20;

/// The most resident memory of the gateway while `work` runs, above what it had before.
fn growth(gateway: &Tombolo, work: impl FnOnce()) -> u64 {
    let before = gateway.figures().resident_bytes;
    let done = Gate::new();
    std::thread::scope(|scope| {
        // Opens the gate also when the work fails, or the watcher would watch for ever.
        let over = OnDrop(done.clone());
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !done.is_open() {
                most = gateway.figures().resident_bytes.max(most);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            most
        });
        work();
        drop(over);
        watcher.join().expect("the watcher").saturating_sub(before)
    })
}

struct OnDrop(Gate);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// After so many bytes the pattern begins again: a prime, so that it divides no buffer and a piece
/// lost, doubled or out of place shows.
const PERIOD: usize = 65_521;

/// Two periods of the pattern, so that any piece of one period lies in it.
static PATTERN: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..2 * PERIOD).map(|at| (at % PERIOD % 251) as u8).collect());

/// Fails unless `piece` is the pattern at `offset`.
fn is_pattern(mut offset: usize, piece: &[u8]) {
    for part in piece.chunks(PERIOD) {
        let start = offset % PERIOD;
        assert!(
            *part == PATTERN[start..start + part.len()],
            "the bytes from {offset} on are others"
        );
        offset += part.len();
    }
}

/// How much of it is written at once; divides `SIZE`.
const PIECE: usize = 0x8000;

/// Writes the whole pattern in pieces.
fn write_pattern(mut write: impl FnMut(&[u8]) -> bool) -> bool {
    (0..SIZE / PIECE).map(|n| n * PIECE % PERIOD).all(|at| write(&PATTERN[at..at + PIECE]))
}

/// Counts what it is sent, and sends as much when asked to.
fn origin() -> Origin {
    Origin::start(|connection| {
        connection.stop_recording();
        loop {
            let head = connection.wire.read_head()?;
            let framing = head.request_framing().expect("plain framing");
            let mut count = 0;
            connection.wire.read_body_into(framing, &mut |piece| {
                is_pattern(count, piece);
                count += piece.len();
            })?;
            match head.target() {
                "/length" => {
                    connection
                        .write(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"))?;
                    write_pattern(|piece| connection.write(piece).is_ok());
                }
                "/chunks" => {
                    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                    write_pattern(|piece| {
                        connection.write([b"8000\r\n", piece, b"\r\n"].concat()).is_ok()
                    });
                    connection.write("0\r\n\r\n")?;
                }
                _ => connection.write(scripts::ok(&count.to_string()))?,
            }
        }
    })
}

#[test]
fn uploads() {
    let origin = origin();
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.get("/");
    let grown = growth(&gateway, || {
        client.send(format!("PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n"));
        write_pattern(|piece| client.try_send(piece));
        assert_eq!(client.read_response().expect("an answer").text(), SIZE.to_string());
        client.send("POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        write_pattern(|piece| client.try_send([b"8000\r\n", piece, b"\r\n"].concat()));
        client.send("0\r\n\r\n");
        assert_eq!(client.read_response().expect("an answer").text(), SIZE.to_string());
    });
    assert!(grown < ROOM, "{grown} bytes more");
    let record = gateway.wait_for_record("the upload", |record| record["method"] == "PUT");
    assert_eq!(record["bytes_in"], SIZE, "bytes that took a short cut are counted, too");
}

fn download(client: &mut Client, path: &str) -> (Framing, usize) {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let head = client.wire.read_head().expect("a head");
    let framing = head.response_framing("GET").expect("plain framing");
    let mut count = 0;
    client
        .wire
        .read_body_into(framing, &mut |piece| {
            is_pattern(count, piece);
            count += piece.len();
        })
        .expect("the whole body");
    (framing, count)
}

#[test]
fn downloads() {
    let origin = origin();
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.get("/");
    let grown = growth(&gateway, || {
        assert_eq!(download(&mut client, "/length"), (Framing::Length(SIZE as u64), SIZE));
        assert_eq!(download(&mut client, "/chunks"), (Framing::Chunked, SIZE));
        assert_eq!(client.get("/after").text(), "0", "the connection is in step");
    });
    assert!(grown < ROOM, "{grown} bytes more");
    assert_eq!(origin.connections(), 1);
    let record = gateway.wait_for_record("the download", |record| record["target"] == "/length");
    assert_eq!(record["bytes_out"], SIZE, "bytes that took a short cut are counted, too");
}

/// A reader that stops reading stops the upstream, not the gateway's memory; and in the end it is
/// cut, after `client_stall` since nobody needs its place.
#[test]
fn a_reader_that_stalls_is_held_back_and_then_cut() {
    let origin = origin();
    let gateway =
        Setup::to(&origin).timeouts("body_gap = \"700ms\"\nclient_stall = \"700ms\"").start();
    gateway.connect().get("/");
    for path in ["/length", "/chunks"] {
        let mut client = Client::connect_narrow(gateway.address());
        let grown = growth(&gateway, || {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            client.wire.read_head().expect("a head");
            let_go(&origin);
        });
        assert!(grown < ROOM, "{grown} bytes more");
        // What was on the way still comes; the rest never does. (With a wide buffer again, or
        // that little would take long.)
        let socket = socket2::SockRef::from(client.wire.stream());
        socket.set_recv_buffer_size(1 << 20).expect("a receive buffer size");
        let mut came = client.wire.unread().len();
        while let Ok(piece) = client.wire.read_some() {
            came += piece.len();
            if piece.is_empty() || came >= SIZE {
                break;
            }
        }
        assert!(came < SIZE / 2, "{came} bytes came to a reader that did not read");
        gateway.wait_for_record("the cut download", |record| {
            record["target"] == path && record["error"].is_string()
        });
    }
}

/// An upstream that does not read holds the client back, not memory.
#[test]
fn an_upstream_that_does_not_read_is_waited_for() {
    let go = Gate::new();
    let gate = go.clone();
    let origin = Origin::start(move |connection| {
        connection.stop_recording();
        connection.wire.read_head()?;
        gate.wait("the test");
        let mut count = 0;
        let framing = Framing::Length(SIZE as u64);
        connection.wire.read_body_into(framing, &mut |piece| count += piece.len())?;
        connection.write(scripts::ok(&count.to_string()))
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(format!("PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n"));
    let mut writer = client.wire.stream().try_clone().expect("a second handle");
    let grown = growth(&gateway, || {
        let thread = std::thread::spawn(move || {
            let mut sent = 0;
            while sent < SIZE {
                sent += std::io::Write::write(
                    &mut writer,
                    &[b'x'; 1 << 16][..(SIZE - sent).min(1 << 16)],
                )
                .expect("taken, sooner or later");
            }
        });
        // Long enough to fill every buffer on the way.
        assert!(client.quiet_for(std::time::Duration::from_millis(500)));
        go.open();
        thread.join().expect("the writer");
        assert_eq!(client.read_response().expect("an answer").text(), SIZE.to_string());
    });
    assert!(grown < ROOM, "{grown} bytes more");
}

/// Repeated large transfers leave memory where it was.
#[test]
fn memory_stays_flat_over_many_transfers() {
    let origin = origin();
    let gateway = Setup::to(&origin).start();
    let round = || {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| download(&mut gateway.connect(), "/length"));
            }
        });
    };
    round();
    let before = gateway.figures();
    (0..3).for_each(|_| round());
    let after = gateway.figures();
    let grown = after.resident_bytes.saturating_sub(before.resident_bytes);
    assert!(grown < ROOM / 4, "{grown} bytes more: {before:?}, {after:?}");
}
