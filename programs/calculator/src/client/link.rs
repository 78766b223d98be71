//! One connection of a client: lines out, lines in, neither waiting for the other.

use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::limits::ANSWER_LINE_BYTES;

/// For a connection to be there.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// For an answer to come: longer than an evaluation with its wait for a turn.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// Read at once, in bytes.
const READ_BYTES: usize = 16 * 1024;

/// A connection, with what is on its way in both directions.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    outgoing: BytesMut,
    incoming: BytesMut,
    scanned: usize,
}

impl Link {
    /// Connects.
    pub(super) async fn connect(server: &str) -> io::Result<Self> {
        let stream = timeout(CONNECT_TIME, TcpStream::connect(server)).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, outgoing: BytesMut::new(), incoming: BytesMut::new(), scanned: 0 })
    }

    /// Adds a line to those to be sent.
    pub(super) fn push(&mut self, line: &str) {
        self.outgoing.extend_from_slice(line.as_bytes());
        self.outgoing.extend_from_slice(b"\n");
    }

    /// The next line from the server; sends meanwhile. Safe to drop and call again.
    pub(super) async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(line) = self.received()? {
                return Ok(line);
            }
            let (mut reading, mut writing) = self.stream.split();
            self.incoming.reserve(READ_BYTES);
            let step = async {
                tokio::select! {
                    read = reading.read_buf(&mut self.incoming) => match read? {
                        0 => Err(io::Error::new(
                            io::ErrorKind::UnexpectedEof,
                            "the server closed the connection",
                        )),
                        _ => Ok(0),
                    },
                    sent = writing.write(&self.outgoing), if !self.outgoing.is_empty() => sent,
                }
            };
            let sent = timeout(ANSWER_TIME, step).await.map_err(|_| {
                let words = format!("no answer within {} s", ANSWER_TIME.as_secs());
                io::Error::new(io::ErrorKind::TimedOut, words)
            })??;
            self.outgoing.advance(sent);
        }
    }

    /// A line that is there already.
    fn received(&mut self) -> io::Result<Option<String>> {
        let fresh = self.incoming.get(self.scanned..).unwrap_or_default();
        let Some(found) = memchr::memchr(b'\n', fresh) else {
            self.scanned = self.incoming.len();
            if self.scanned > ANSWER_LINE_BYTES {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the server's line has no end",
                ));
            }
            return Ok(None);
        };
        let line = self.incoming.split_to(self.scanned + found);
        self.incoming.advance(1);
        self.scanned = 0;
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let text = std::str::from_utf8(line);
        let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "the server sent no UTF-8");
        text.map(|text| Some(text.to_owned())).map_err(not_text)
    }
}
