//! Clients that check what they get, each one request after another over a kept connection.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::body::{body, length};

/// Between an answer and the next request: the clients measure, wrk loads.
const PAUSE: Duration = Duration::from_millis(4);
/// An answer that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(10);
/// A balancer that has just been started may need this long for its first checks.
const WARM_UP: Duration = Duration::from_secs(10);
/// Answers in a row that show that it is there.
const WARM_ANSWERS: usize = 30;

/// How a request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// Whole and right.
    Right,
    /// It ended after a part of the body was there: no balancer can take that back.
    Cut,
    /// Another status than 200.
    Status(u16),
    /// No answer at all.
    Nothing,
    /// A wrong body.
    Wrong,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// When it was sent, since the start.
    pub(crate) at: Duration,
    pub(crate) took: Duration,
    pub(crate) how: How,
}

/// Asks until `end`; what was seen.
pub(crate) fn check(id: usize, address: SocketAddr, start: Instant, end: Instant) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut connection = None;
    let mut number = (id as u64) << 32;
    while Instant::now() < end {
        number += 1;
        let began = Instant::now();
        let how = ask(&mut connection, address, number);
        if how != How::Right {
            connection = None;
        }
        seen.push(Seen { at: began - start, took: began.elapsed(), how });
        thread::sleep(PAUSE);
    }
    seen
}

/// Waits until the balancer answers from its replicas.
///
/// # Errors
/// When it does not in time.
pub(crate) fn warm(address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + WARM_UP;
    let mut connection = None;
    let mut right = 0;
    while right < WARM_ANSWERS {
        if Instant::now() > deadline {
            bail!("the balancer does not answer");
        }
        match ask(&mut connection, address, 1) {
            How::Right => right += 1,
            _ => {
                (connection, right) = (None, 0);
                thread::sleep(PAUSE);
            }
        }
    }
    Ok(())
}

fn ask(connection: &mut Option<TcpStream>, address: SocketAddr, number: u64) -> How {
    let stream = match connection {
        Some(stream) => stream,
        None => match connect(address) {
            Ok(stream) => connection.insert(stream),
            Err(_) => return How::Nothing,
        },
    };
    let request = format!("GET /bytes?n={number} HTTP/1.1\r\nHost: measured\r\n\r\n");
    if stream.write_all(request.as_bytes()).is_err() {
        return How::Nothing;
    }
    read_answer(stream, number)
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).context("connecting")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn read_answer(stream: &mut TcpStream, number: u64) -> How {
    let mut bytes = Vec::with_capacity(length(number) + 1024);
    let mut buffer = vec![0; 64 * 1024];
    let head = loop {
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return How::Nothing,
            Ok(read) => bytes.extend_from_slice(buffer.get(..read).unwrap_or_default()),
        }
    };
    let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    if status != 200 {
        return How::Status(status);
    }
    let whole = head + length(number);
    while bytes.len() < whole {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return How::Cut,
            Ok(read) => bytes.extend_from_slice(buffer.get(..read).unwrap_or_default()),
        }
    }
    if bytes.get(head..) == Some(&body(number)) { How::Right } else { How::Wrong }
}
