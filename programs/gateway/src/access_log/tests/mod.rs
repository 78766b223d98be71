//! What the access log promises, over real files and pipes.

mod delivery;
mod failures;
mod forms;

use std::fs::File;
use std::io::{PipeReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use tombolo_daemon::config::{self, LogFormat};

use super::destination::Destination;
use super::{AccessLog, Lane, Record};

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// An ordinary request.
fn record() -> Record<'static> {
    Record {
        unix_millis: 1_763_686_212_345,
        request_id: b"0199f6a1-8f5e-7c31-b9f2-3c5d6e7f8091",
        client: SocketAddr::from((Ipv4Addr::new(203, 0, 113, 9), 51_234)),
        method: b"GET",
        scheme: "http",
        host: b"example.org",
        target: b"/list?page=2",
        protocol: "HTTP/1.1",
        status: 200,
        bytes_in: 412,
        bytes_out: 1_337,
        duration_micros: 1_234,
        upstream_micros: Some(987),
        backend: Some("127.0.0.1:9001"),
        attempts: 1,
        cache: None,
        user_agent: Some(b"curl/8.5.0"),
        referer: None,
        error: None,
        route: Some("/"),
        upstream: Some("app"),
        head_micros: None,
        queue_micros: Some(100),
        collapsed_micros: None,
        connect_micros: None,
        upload_micros: Some(12),
        first_byte_micros: Some(975),
        download_micros: Some(50),
    }
}

fn to_file(path: &Path) -> AccessLog {
    let file = Some(path.to_path_buf());
    AccessLog::start(&config::AccessLog { stdout: false, file, format: LogFormat::Json }).unwrap()
}

/// A log over a pipe in place of standard output, and the end to read it from.
fn to_pipe(others: Vec<Destination>) -> (AccessLog, PipeReader) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut destinations = others;
    destinations.push(Destination::stream(File::from(OwnedFd::from(writer))));
    (AccessLog::over(destinations, LogFormat::Json).unwrap(), reader)
}

/// Writes `count` lines, numbered from 0 in `bytes_out`; `bytes_in` tells the writer.
fn write(lane: &mut Lane, writer: u64, count: u64) {
    for number in 0..count {
        lane.write(&Record { bytes_in: writer, bytes_out: number, ..record() });
    }
}

/// The lines of a text, as (writer, number); fails on anything that is not a whole line.
fn lines(text: &str) -> Vec<(u64, u64)> {
    assert!(text.is_empty() || text.ends_with('\n'), "ends within a line");
    let read = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (line["bytes_in"].as_u64().unwrap(), line["bytes_out"].as_u64().unwrap())
    };
    text.lines().map(read).collect()
}

fn read_all(mut reader: impl Read) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::yield_now();
    }
}
