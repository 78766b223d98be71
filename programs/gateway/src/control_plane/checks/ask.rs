//! One check. Nothing is kept: each has a connection of its own, so that it shows whether the server
//! takes connections too.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tombolo_daemon::config::{HealthCheck, Probe};
use tombolo_http1::{BodyDecoder, BodyLimits, HeadLimits, Method, ResponseHead, write};

use crate::upstream::Server;

/// Most bytes of a response that are read: the head's limit and what is looked at of the body.
const RESPONSE_BYTES: usize = (32 << 10) + HealthCheck::BODY_BYTES_MAX;

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::control_plane) enum Unwell {
    #[error("its name does not resolve")]
    Unresolved,
    #[error("it cannot be connected to: {0}")]
    Unreachable(#[source] io::Error),
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    #[error("it closed the connection without a whole answer")]
    Closed,
    #[error("its answer is no HTTP: {0}")]
    Malformed(String),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer does not contain {0:?}")]
    Body(String),
    #[error("no whole answer within {0:?}")]
    Slow(Duration),
}

impl Unwell {
    /// Whether this machine had no descriptor left to ask with: that tells nothing of the server.
    pub(super) fn is_shortage(&self) -> bool {
        matches!(self, Self::Unreachable(error) if tombolo_daemon::resources::is_shortage(error))
    }
}

/// Asks the server whether it is well, for as long as it takes.
pub(super) async fn ask(server: &Server, probe: &Probe) -> Result<(), Unwell> {
    let stream = connect(server).await?;
    match probe {
        Probe::Tcp => Ok(()),
        Probe::Http { path, host, status, body } => {
            let host = host.as_deref().unwrap_or(server.host());
            let answer = exchange(stream, path, host, body.is_some()).await?;
            if !status.contains(answer.status) {
                return Err(Unwell::Status(answer.status));
            }
            match body {
                Some(text) if memchr::memmem::find(&answer.body, text.as_bytes()).is_none() => {
                    Err(Unwell::Body(text.clone()))
                }
                _ => Ok(()),
            }
        }
    }
}

/// What an address answers to a `GET` of this path, if that is a success.
pub(in crate::control_plane) async fn fetch(
    address: SocketAddr,
    path: &str,
) -> Result<Vec<u8>, Unwell> {
    let stream = TcpStream::connect(address).await.map_err(Unwell::Unreachable)?;
    let answer = exchange(stream, path, &address.to_string(), true).await?;
    if answer.status != 200 {
        return Err(Unwell::Status(answer.status));
    }
    Ok(answer.body)
}

async fn connect(server: &Server) -> Result<TcpStream, Unwell> {
    let mut last = Unwell::Unresolved;
    for address in &server.addresses {
        match address.connect().await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Unwell::Unreachable(error),
        }
    }
    Err(last)
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

async fn exchange(
    mut stream: TcpStream,
    path: &str,
    host: &str,
    wants_body: bool,
) -> Result<Answer, Unwell> {
    let mut request = Vec::with_capacity(256);
    write::request_line(&mut request, b"GET", path.as_bytes());
    for (name, value) in [
        (&b"Host"[..], host.as_bytes()),
        (b"User-Agent", b"tombolo-check"),
        (b"Accept", b"*/*"),
        (b"Connection", b"close"),
    ] {
        write::field(&mut request, name, value);
    }
    write::end(&mut request);
    stream.write_all(&request).await.map_err(Unwell::Broken)?;
    let mut head = ResponseHead::new();
    let mut received = Vec::with_capacity(1024);
    let end = loop {
        let parsed = head.parse(&received, &HeadLimits::default(), Method::Get);
        match parsed.map_err(|error| Unwell::Malformed(error.reason().to_owned()))? {
            Some(length) if head.is_interim() => {
                received.drain(..length.min(received.len()));
                head.reset();
            }
            Some(length) => break length,
            None => read(&mut stream, &mut received).await?,
        }
    };
    let status = head.status();
    let mut rest = received.split_off(end.min(received.len()));
    let mut body = Vec::new();
    if wants_body {
        let mut decoder = BodyDecoder::new(head.framing(), BodyLimits::default());
        while body.len() < HealthCheck::BODY_BYTES_MAX {
            let piece = decoder.next(&rest);
            let piece = piece.map_err(|error| Unwell::Malformed(error.reason().to_owned()))?;
            body.extend_from_slice(piece.data);
            let (consumed, done) = (piece.consumed, piece.done);
            rest.drain(..consumed.min(rest.len()));
            if done {
                break;
            }
            if consumed == 0 || rest.is_empty() {
                match read(&mut stream, &mut rest).await {
                    // A body that ends with the connection.
                    Err(Unwell::Closed) if decoder.finish().is_ok() => break,
                    outcome => outcome?,
                }
            }
        }
    }
    Ok(Answer { status, body })
}

async fn read(stream: &mut TcpStream, into: &mut Vec<u8>) -> Result<(), Unwell> {
    if into.len() >= RESPONSE_BYTES {
        return Err(Unwell::Malformed("it does not end".to_owned()));
    }
    match stream.read_buf(into).await {
        Ok(0) => Err(Unwell::Closed),
        Ok(_) => Ok(()),
        Err(error) => Err(Unwell::Broken(error)),
    }
}
