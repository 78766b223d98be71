//! One TCP connection seen as HTTP/1.1 messages, read with a deadline and, if asked, recorded.

use crate::{Fields, Framing, Head, PATIENCE, Tape};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why no (further) message could be read.
#[derive(Debug)]
pub enum WireError {
    /// The peer closed between two messages.
    Closed,
    /// The peer closed or reset inside a message; what had come of the part being read.
    Truncated(Vec<u8>),
    /// The bytes break the grammar; says how.
    Malformed(String),
    /// Nothing came for the connection's patience.
    TimedOut,
    /// The peer reset the connection between two messages, or while we wrote.
    Reset,
    /// Something else went wrong with the socket.
    Io(io::Error),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Reset,
            _ => Self::Io(error),
        }
    }
}

/// A connection with a read buffer. Everything read from the socket goes onto the tape, too.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    tape: Option<Arc<Tape>>,
    patience: Duration,
}

impl Wire {
    /// Takes over a connected socket.
    pub fn new(stream: TcpStream, tape: Option<Arc<Tape>>) -> io::Result<Self> {
        // A Unix socket has no such option, and no need of it.
        let _ = stream.set_nodelay(true);
        let mut wire = Self { stream, buffer: Vec::new(), tape, patience: PATIENCE };
        wire.set_patience(PATIENCE)?;
        Ok(wire)
    }

    /// How long one read or write may wait; also the whole time of [`Wire::read_to_end`].
    pub fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.patience = patience;
        self.stream.set_read_timeout(Some(patience))?;
        self.stream.set_write_timeout(Some(patience))
    }

    /// The socket itself, for what this type does not offer.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), WireError> {
        Ok(self.stream.write_all(bytes.as_ref())?)
    }

    /// Says that nothing more will be written (FIN), while reading goes on.
    pub fn half_close(&self) {
        // Fails only when the peer has gone already, which is what we would have told it.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Drops the connection with a reset instead of an orderly close.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("SO_LINGER can be set on a TCP socket");
    }

    /// Reads more bytes from the socket into the buffer. `Ok(0)`: the peer has finished writing.
    fn fill(&mut self) -> Result<usize, WireError> {
        let mut bytes = [0; 64 * 1024];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(n) => {
                    if let Some(tape) = &self.tape {
                        tape.append(&bytes[..n]);
                    }
                    self.buffer.extend_from_slice(&bytes[..n]);
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn ended(&mut self, so_far: Vec<u8>) -> WireError {
        if so_far.is_empty() && self.buffer.is_empty() {
            WireError::Closed
        } else {
            WireError::Truncated(if so_far.is_empty() { self.buffer.clone() } else { so_far })
        }
    }

    /// Fills, turning every kind of end into the error that says what was cut off.
    fn need(&mut self, so_far: &[u8]) -> Result<(), WireError> {
        match self.fill() {
            Ok(0) => Err(self.ended(so_far.to_vec())),
            Ok(_) => Ok(()),
            Err(WireError::Reset) if so_far.is_empty() && self.buffer.is_empty() => {
                Err(WireError::Reset)
            }
            Err(WireError::Reset) => Err(self.ended(so_far.to_vec())),
            Err(error) => Err(error),
        }
    }

    /// Reads one head, within the patience in all: a head that drips for ever is none.
    pub fn read_head(&mut self) -> Result<Head, WireError> {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some((head, length)) = Head::parse(&self.buffer).map_err(WireError::Malformed)? {
                self.buffer.drain(..length);
                return Ok(head);
            }
            if Instant::now() > deadline {
                return Err(WireError::TimedOut);
            }
            self.need(&[])?;
        }
    }

    /// Reads exactly `count` bytes.
    pub fn read_exact(&mut self, count: usize) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::new();
        self.read_pieces(count as u64, &mut |piece| bytes.extend_from_slice(piece)).map_err(
            |error| match error {
                WireError::Truncated(_) | WireError::Closed => {
                    WireError::Truncated(std::mem::take(&mut bytes))
                }
                other => other,
            },
        )?;
        Ok(bytes)
    }

    fn read_pieces(&mut self, count: u64, sink: &mut dyn FnMut(&[u8])) -> Result<(), WireError> {
        let mut left = count;
        while left > 0 {
            if self.buffer.is_empty() {
                self.need(&[])?;
            }
            let take = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            sink(&self.buffer[..take]);
            self.buffer.drain(..take);
            left -= take as u64;
        }
        Ok(())
    }

    /// Reads a body piece by piece and gives its trailers. The tape is not stopped by this.
    pub fn read_body_into(
        &mut self,
        framing: Framing,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Fields, WireError> {
        match framing {
            Framing::None => Ok(Vec::new()),
            Framing::Length(n) => self.read_pieces(n, sink).map(|()| Vec::new()),
            Framing::Chunked => self.read_chunks(sink),
            Framing::UntilClose => loop {
                sink(&self.buffer);
                self.buffer.clear();
                if self.fill()? == 0 {
                    return Ok(Vec::new());
                }
            },
        }
    }

    /// Reads a whole body: bytes and trailers. A cut body gives what had come of it.
    pub fn read_body(&mut self, framing: Framing) -> Result<(Vec<u8>, Fields), WireError> {
        let mut bytes = Vec::new();
        match self.read_body_into(framing, &mut |piece| bytes.extend_from_slice(piece)) {
            Ok(trailers) => Ok((bytes, trailers)),
            Err(WireError::Closed | WireError::Truncated(_) | WireError::Reset) => {
                Err(WireError::Truncated(bytes))
            }
            Err(other) => Err(other),
        }
    }

    fn read_chunks(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<Fields, WireError> {
        loop {
            let line = self.read_line()?;
            let digits = !line.is_empty() && line.bytes().all(|b| b.is_ascii_hexdigit());
            let size = u64::from_str_radix(&line, 16).ok().filter(|_| digits);
            let Some(size) = size else {
                return Err(WireError::Malformed(format!("chunk size {line:?}")));
            };
            if size == 0 {
                return self.read_trailers();
            }
            self.read_pieces(size, sink)?;
            let end = self.read_exact(2)?;
            if end != b"\r\n" {
                return Err(WireError::Malformed(format!("{end:?} after chunk data")));
            }
        }
    }

    fn read_trailers(&mut self) -> Result<Fields, WireError> {
        let mut section = String::from("trailers\r\n");
        loop {
            let line = self.read_line()?;
            section.push_str(&line);
            section.push_str("\r\n");
            if line.is_empty() {
                let bytes: Vec<u8> = section.chars().map(|c| c as u8).collect();
                let head = Head::parse(&bytes).map_err(WireError::Malformed)?;
                return Ok(head.map(|(head, _)| head.fields).unwrap_or_default());
            }
        }
    }

    fn read_line(&mut self) -> Result<String, WireError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let line = crate::head::latin1(&self.buffer[..end]);
                self.buffer.drain(..end + 2);
                return Ok(line);
            }
            self.need(&[])?;
        }
    }

    /// Reads at least one byte; empty at the end of the stream.
    pub fn read_some(&mut self) -> Result<Vec<u8>, WireError> {
        if self.buffer.is_empty() {
            self.fill()?;
        }
        Ok(std::mem::take(&mut self.buffer))
    }

    /// Reads whatever comes until the peer closes (or resets), within the patience in all.
    pub fn read_to_end(&mut self) -> Result<Vec<u8>, WireError> {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.fill() {
                Ok(0) | Err(WireError::Reset) => return Ok(std::mem::take(&mut self.buffer)),
                Ok(_) if Instant::now() < deadline => {}
                Ok(_) => return Err(WireError::TimedOut),
                Err(error) => return Err(error),
            }
        }
    }

    /// What was read from the socket and not yet asked for.
    pub fn unread(&self) -> &[u8] {
        &self.buffer
    }
}
