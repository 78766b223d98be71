//! Before anything is timed: does the server really proxy, and does it do the same header work
//! as the others? A fast server that leaves work out would otherwise win.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use crate::servers::Server;

/// Fields every server must add to a request.
const REQUEST_FIELDS: [&str; 6] = [
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Forwarded",
    "Via",
    "X-Request-Id",
];
/// Fields every server must add to a response.
const RESPONSE_FIELDS: [&str; 2] = ["Via", "X-Request-Id"];
/// The host that is asked for.
pub(crate) const HOST: &str = "origin.test";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for `path`, which has a body of `size` bytes, and for the head that the origin received.
///
/// # Errors
/// When the answer is not the origin's or a field is missing; the message names it.
pub(crate) fn verify(server: Server, address: SocketAddr, path: &str, size: usize) -> Result<()> {
    let name = server.name();
    let answer = get(address, path).with_context(|| format!("asking {name} for {path}"))?;
    ensure!(answer.status == 200, "{name} answered {path} with {}", answer.status);
    ensure!(
        answer.body.len() == size,
        "{name} answered {path} with {} bytes instead of {size}",
        answer.body.len()
    );
    ensure!(has_field(&answer.head, "ETag"), "{name} lost the origin's ETag");
    if !server.speaks_http() {
        return Ok(());
    }
    for field in RESPONSE_FIELDS {
        ensure!(has_field(&answer.head, field), "{name} adds no {field} to responses");
    }
    let seen = get(address, crate::origin::ECHO).with_context(|| format!("asking {name}"))?;
    let seen = String::from_utf8_lossy(&seen.body).into_owned();
    for field in REQUEST_FIELDS {
        ensure!(has_field(&seen, field), "{name} adds no {field} to requests:\n{seen}");
    }
    Ok(())
}

/// A response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// One exchange on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    get_on(&mut connect(address)?, path)
}

/// A connection on which an answer that does not come is an error.
pub(crate) fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One exchange on a connection that stays open. The origin always sends a length.
pub(crate) fn get_on(stream: &mut TcpStream, path: &str) -> Result<Answer> {
    get_with(stream, path, "")
}

/// The same with further fields, each ended by CRLF.
pub(crate) fn get_with(stream: &mut TcpStream, path: &str, fields: &str) -> Result<Answer> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: bench\r\nAccept: */*\r\n{fields}\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer)?;
        ensure!(read > 0, "the connection ended after {} bytes", bytes.len());
        bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if let Some(answer) = parse(&bytes)? {
            return Ok(answer);
        }
    }
}

/// The whole answer, or nothing while it is incomplete.
fn parse(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| anyhow!("no status line: {head}"))?;
    let Some(length) = field(&head, "Content-Length") else {
        bail!("no Content-Length: {head}");
    };
    let length: usize = length.parse().with_context(|| format!("Content-Length {length}"))?;
    let body = bytes.get(end + 4..).unwrap_or_default();
    if body.len() < length {
        return Ok(None);
    }
    Ok(Some(Answer { status, head, body: body.to_vec() }))
}

/// The value of a field in a head, without the blanks around it.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn has_field(head: &str, name: &str) -> bool {
    field(head, name).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_cut_at_their_length() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
        assert!(parse(&whole[..whole.len() - 1]).unwrap().is_none());
        let answer = parse(whole).unwrap().unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"hi".as_slice()));
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn empty_fields_do_not_count() {
        assert!(!has_field("GET / HTTP/1.1\r\nVia: \r\n", "via"));
        assert!(has_field("GET / HTTP/1.1\r\nvia: 1.1 x\r\n", "Via"));
    }
}
