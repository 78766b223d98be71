//! The cache under stress and failure, over the real binary: crowds, clients that leave, upstreams
//! that die, kill -9, full and vanished disks, damaged files, hostile requests, eviction.
//!
//! Bodies tell which body each of their bytes belongs to ([`content`]), so a torn or mixed answer
//! is found wherever it was torn. The long forms are ignored unless asked for; docs/test-report.md
//! has their commands.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod content;
mod crowds;
mod damage;
mod disk;
mod document;
mod eviction;
mod folder;
mod hostile;
mod killed;
mod leaving;
mod shelf;
mod small_disk;

use std::path::{Path, PathBuf};

use tombolo_e2e::{Client, Gate, Origin, Response, Setup, Tombolo, Wire, WireError};

/// A gateway that caches, with these lines in `[cache]`.
fn caching(origin: &Origin, lines: &str) -> Setup {
    let route = "[[route]]\npath = \"/\"\nupstream = \"app\"";
    Setup::to(origin).routes(&format!("[cache]\n{lines}\n{route}"))
}

/// The line that opens the admin API.
const ADMIN: &str = "admin = \"127.0.0.1:0\"";

/// What the admin API says of the cache.
fn status(gateway: &Tombolo) -> serde_json::Value {
    let admin = gateway.admin();
    let answer = Client::connect(admin)
        .exchange(format!("GET /api/v1/status HTTP/1.1\r\nHost: {admin}\r\n\r\n"));
    let mut status: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    status["cache"].take()
}

/// The line that puts the cache into a directory.
fn dir(path: &Path) -> String {
    format!("dir = {path:?}\n")
}

/// A request for a path.
fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: example.org\r\n\r\n")
}

/// What the answer says of the cache.
fn cache_status(answer: &Response) -> &str {
    answer.head.one("cache-status").expect("every answer has a Cache-Status")
}

/// Whether it came from the cache as it was.
fn is_hit(answer: &Response) -> bool {
    cache_status(answer).contains("; hit")
}

/// A connection, unless the gateway is gone.
fn try_connect(gateway: &Tombolo) -> Option<Client> {
    let stream = std::net::TcpStream::connect(gateway.address()).ok()?;
    Some(Client { wire: Wire::new(stream, None).ok()? })
}

/// Writes a body in chunks, without the last one.
fn chunked(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 1024);
    for piece in body.chunks(16 << 10) {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// All files below a folder; none if it is not there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Bytes that the files below a folder take on the disk, as `du` counts them.
fn disk_use(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let blocks =
        files_below(folder).into_iter().filter_map(|file| Some(file.metadata().ok()?.blocks()));
    blocks.sum::<u64>() * 512
}

/// How an origin tells the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    Length,
    Chunked,
    UntilClose,
}

/// Answers with the head and the first `come` bytes of a body, and waits.
fn begin(
    connection: &mut tombolo_e2e::Connection,
    frame: Frame,
    body: &[u8],
    come: usize,
) -> Result<(), WireError> {
    let framing = match frame {
        Frame::Length => format!("Content-Length: {}\r\n", body.len()),
        Frame::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
        Frame::UntilClose => "Connection: close\r\n".to_owned(),
    };
    let head = format!("HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n{framing}\r\n");
    connection.write(head)?;
    proceed(connection, frame, &body[..come])
}

/// Sends more of the body.
fn proceed(
    connection: &mut tombolo_e2e::Connection,
    frame: Frame,
    bytes: &[u8],
) -> Result<(), WireError> {
    match frame {
        Frame::Chunked => connection.write(chunked(bytes)),
        _ => connection.write(bytes),
    }
}

/// Ends the body. False: by the end of the connection.
fn finish(connection: &mut tombolo_e2e::Connection, frame: Frame) -> Result<bool, WireError> {
    if frame == Frame::Chunked {
        connection.write("0\r\n\r\n")?;
    }
    Ok(frame != Frame::UntilClose)
}

/// An origin that answers with a body whose second half waits for the gate.
fn holding(frame: Frame, body: &[u8], gate: &Gate) -> Origin {
    let (body, gate) = (body.to_vec(), gate.clone());
    Origin::start(move |connection| {
        loop {
            connection.read_request()?;
            let half = body.len() / 2;
            begin(connection, frame, &body, half)?;
            gate.wait("the test to let the second half go");
            proceed(connection, frame, &body[half..])?;
            if !finish(connection, frame)? {
                return Ok(());
            }
        }
    })
}
