//! Readers that take nothing cost a bounded amount of memory, and others read on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use tombolo_e2e::{PATIENCE, Tombolo};

const MESSAGES: usize = 200;
const ASLEEP: usize = 100;
/// All readers together may grow the replica by its budget of 64 MiB and what goes with it. Before
/// there was one, each took more than 3 MiB.
const GROWTH_BYTES: u64 = 200 << 20;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Posts so many messages of the longest text.
fn post(address: SocketAddr, count: usize) {
    let body = format!(r#"{{"author":"Ana","text":"{}"}}"#, "\u{1f469}".repeat(4000));
    let length = body.len();
    for _ in 0..count {
        let mut stream = connect(address);
        let head = format!(
            "POST /chat/rooms/long/messages HTTP/1.0\r\nHost: test\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.0 201"), "{}", String::from_utf8_lossy(&answer));
    }
}

/// Asks for the whole room, as a client that a gateway names.
fn read(address: SocketAddr, client: &str, buffer_bytes: usize) -> TcpStream {
    let mut stream = connect(address);
    set_socket_recv_buffer_size(&stream, buffer_bytes).unwrap();
    let request = format!(
        "GET /chat/rooms/long/events?after=0 HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: {client}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

#[test]
fn readers_that_take_nothing_share_a_budget() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("chat.db").display());
    let arguments = ["serve", "chat", "--listen", "0", "--database", &database, "--rate", "0"];
    let replica = Tombolo::start(&arguments).listening();
    let address = replica.address();
    thread::scope(|scope| {
        (0..10).for_each(|_| drop(scope.spawn(move || post(address, MESSAGES / 10))));
    });
    let before = replica.figures().resident_bytes;
    let asleep: Vec<_> = (0..ASLEEP).map(|_| read(address, "192.0.2.66", 4096)).collect();
    // Another client gets everything, since the others wait for each other alone.
    let lines = BufReader::new(read(address, "192.0.2.7", 1 << 20)).lines().map(Result::unwrap);
    let messages = lines.filter(|line| line.starts_with("event: message")).take(MESSAGES);
    assert_eq!(messages.count(), MESSAGES);
    let grown = replica.figures().resident_bytes.saturating_sub(before);
    assert!(grown < GROWTH_BYTES, "{} MiB for {ASLEEP} readers", grown >> 20);
    drop(asleep);
}
