//! One connection of the origin: reads heads, writes answers, remembers what is unfinished.

use std::{
    borrow::Cow,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
};

use super::answers::Answers;

/// A request head longer than this closes the connection.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// What one read takes at most.
const READ_BYTES: usize = 4 * 1024;

/// What is to become of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on when it is ready again.
    Wait,
    /// It is over.
    Close,
}

/// A client of the origin.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes of a head that is not complete yet; empty between requests.
    input: Vec<u8>,
    /// The answer that did not fit the socket, and how much of it is written.
    unwritten: Option<(Cow<'static, [u8]>, usize)>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Connection {
        Connection { stream, input: Vec::new(), unwritten: None }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether it waits for room in the socket instead of for bytes.
    pub(crate) fn waits_to_write(&self) -> bool {
        self.unwritten.is_some()
    }

    /// Goes on as far as the socket lets it.
    pub(crate) fn go_on(&mut self, answers: &'static Answers) -> Next {
        if let Some((bytes, written)) = self.unwritten.take() {
            if self.write(bytes, written) == Next::Close {
                return Next::Close;
            }
            return if self.waits_to_write() { Next::Wait } else { self.answer_input(answers) };
        }
        let mut buffer = [0_u8; READ_BYTES];
        let read = match self.stream.read(&mut buffer) {
            Ok(0) => return Next::Close,
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if retriable(error.kind()) => return Next::Wait,
            Err(_) => return Next::Close,
        };
        if self.input.is_empty()
            && memchr::memmem::find(read, b"\r\n\r\n").is_some_and(|end| end + 4 == read.len())
        {
            // The usual case: exactly one whole head, answered without copying it.
            return answers.to(read).map_or(Next::Close, |answer| self.write(answer, 0));
        }
        self.input.extend_from_slice(read);
        self.answer_input(answers)
    }

    /// Answers the whole heads in `input`, in order, until the socket is full.
    fn answer_input(&mut self, answers: &'static Answers) -> Next {
        while let Some(end) = memchr::memmem::find(&self.input, b"\r\n\r\n") {
            let rest = self.input.split_off(end + 4);
            let head = std::mem::replace(&mut self.input, rest);
            let Some(answer) = answers.to(&head) else { return Next::Close };
            if self.write(answer, 0) == Next::Close {
                return Next::Close;
            }
            if self.waits_to_write() {
                return Next::Wait;
            }
        }
        if self.input.len() > HEAD_BYTES_MAX { Next::Close } else { Next::Wait }
    }

    /// Writes what the socket takes and keeps the rest.
    fn write(&mut self, bytes: Cow<'static, [u8]>, mut written: usize) -> Next {
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => return Next::Close,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.unwritten = Some((bytes, written));
                    return Next::Wait;
                }
                Err(_) => return Next::Close,
            }
        }
        Next::Wait
    }
}

fn retriable(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn pipelined_heads_in_pieces_are_answered_in_order() {
        let answers: &'static Answers = Box::leak(Box::new(Answers::new()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = Connection::new(listener.accept().unwrap().0);
        client.write_all(b"GET /none HTTP/1.1\r\n\r\nGET /1k HT").unwrap();
        assert_eq!(connection.go_on(answers), Next::Wait);
        client.write_all(b"TP/1.1\r\n\r\n").unwrap();
        assert_eq!(connection.go_on(answers), Next::Wait);
        drop(connection);
        let mut got = String::new();
        client.read_to_string(&mut got).unwrap();
        let missing = got.find("404 Not Found").unwrap();
        let found = got.find("200 OK").unwrap();
        assert!(missing < found, "{got}");
    }
}
