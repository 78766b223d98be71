//! A client that sends the bytes it is given and reads answers with its own eyes.

use crate::{Fields, Framing, Head, PATIENCE, Wire, WireError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// One whole response, with the interim ones before it.
#[derive(Clone, Debug)]
pub struct Response {
    /// The 1xx responses that came first.
    pub interims: Vec<Head>,
    /// The final head.
    pub head: Head,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Fields,
    /// How the body was framed on the wire.
    pub framing: Framing,
}

impl Response {
    /// The status.
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection to the gateway (or straight to an origin).
pub struct Client {
    /// The socket, for tests that go below messages.
    pub wire: Wire,
}

impl Client {
    /// Connects; fails the test if that is impossible.
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address)
            .unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"))
    }

    /// Connects, where it may be turned away at once.
    ///
    /// # Errors
    /// When it cannot connect, or its connection was reset before it could be used.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        Ok(Self { wire: Wire::new(stream, None)? })
    }

    /// Connects from a given address of this machine: every 127.0.0.0/8 address is one.
    pub fn connect_from(address: SocketAddr, source: Ipv4Addr) -> Self {
        Self::try_connect_from(address, source)
            .unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"))
    }

    /// Connects from a given address, where it may be turned away at once.
    ///
    /// # Errors
    /// When it cannot connect, or its connection was reset before it could be used.
    pub fn try_connect_from(address: SocketAddr, source: Ipv4Addr) -> io::Result<Self> {
        let kind = (socket2::Domain::IPV4, socket2::Type::STREAM);
        let socket = socket2::Socket::new(kind.0, kind.1, None)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        socket.connect(&address.into())?;
        Ok(Self { wire: Wire::new(socket.into(), None)? })
    }

    /// Fails the test unless who connected is turned away without a byte. A reset at once may reach the
    /// client while it still connects.
    pub fn expect_turned_away(connected: io::Result<Self>) {
        match connected {
            Ok(mut client) => client.expect_close(),
            Err(error) => {
                assert_ne!(error.kind(), io::ErrorKind::ConnectionRefused, "nobody listens");
            }
        }
    }

    /// Connects with a receive buffer as small as the system allows: a reader that soon stops the
    /// sender.
    pub fn connect_narrow(address: SocketAddr) -> Self {
        let kind = (socket2::Domain::for_address(address), socket2::Type::STREAM);
        let socket = socket2::Socket::new(kind.0, kind.1, None).expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a receive buffer size");
        socket.connect(&address.into()).unwrap_or_else(|error| panic!("{address}: {error}"));
        Self { wire: Wire::new(socket.into(), None).expect("socket options") }
    }

    /// Sends bytes; fails the test if the gateway no longer takes them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.wire.write(bytes).expect("the gateway takes what is sent");
    }

    /// Sends bytes; whether the gateway took them. For senders who expect to be cut off.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.wire.write(bytes).is_ok()
    }

    /// Sends every byte in a segment of its own, so that the gateway meets every possible cut.
    /// Stops at the first refusal, as a gateway may answer before it has all.
    pub fn send_bytewise(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            if self.wire.write([*byte]).is_err() {
                return;
            }
            // Lets the gateway's thread run between two bytes; nothing depends on it doing so.
            std::thread::yield_now();
        }
    }

    /// Sends a byte every `pause` until all are sent or the gateway says or closes something; how
    /// many were taken.
    pub fn drip(&mut self, bytes: impl AsRef<[u8]>, pause: Duration) -> usize {
        let bytes = bytes.as_ref();
        for (sent, byte) in bytes.iter().enumerate() {
            if sent > 0 && !self.quiet_for(pause) || !self.try_send([*byte]) {
                return sent;
            }
        }
        bytes.len()
    }

    /// Waits for `pause` unless the gateway says or closes something meanwhile; true when it was
    /// quiet. Nothing is taken from the stream.
    pub fn quiet_for(&self, pause: Duration) -> bool {
        let stream = self.wire.stream();
        stream.set_read_timeout(Some(pause)).expect("a read timeout");
        let quiet = stream.peek(&mut [0]).is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        });
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        quiet
    }

    /// Reads the answer to a request whose method is not HEAD.
    pub fn read_response(&mut self) -> Result<Response, WireError> {
        self.read_response_to("GET")
    }

    /// Reads the answer to a request with `method`, after any interim ones.
    pub fn read_response_to(&mut self, method: &str) -> Result<Response, WireError> {
        let mut interims = Vec::new();
        loop {
            let head = self.wire.read_head()?;
            let framing = head.response_framing(method).map_err(WireError::Malformed)?;
            if (100..200).contains(&head.status()) && head.status() != 101 {
                interims.push(head);
                continue;
            }
            let (body, trailers) = self.wire.read_body(framing)?;
            return Ok(Response { interims, head, body, trailers, framing });
        }
    }

    /// Sends one request and reads its answer; fails the test if there is none.
    pub fn exchange(&mut self, request: impl AsRef<[u8]>) -> Response {
        let text = String::from_utf8_lossy(request.as_ref()).into_owned();
        let method = text.split(' ').next().unwrap_or_default().to_owned();
        self.send(request);
        self.read_response_to(&method)
            .unwrap_or_else(|error| panic!("no whole answer to {text:?}: {error:?}"))
    }

    /// `GET path` with a Host, keeping the connection.
    pub fn get(&mut self, path: &str) -> Response {
        self.exchange(format!("GET {path} HTTP/1.1\r\nHost: example.org\r\n\r\n"))
    }

    /// Reads until the gateway closes, and fails the test if it does not.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        self.wire.read_to_end().expect("the gateway closes the connection")
    }

    /// Fails the test unless the gateway closes now without another byte.
    pub fn expect_close(&mut self) {
        let rest = self.read_to_end();
        assert!(rest.is_empty(), "more came: {:?}", String::from_utf8_lossy(&rest));
    }

    /// Says that nothing more will be sent, and goes on reading.
    pub fn half_close(&self) {
        self.wire.half_close();
    }

    /// Vanishes with a reset.
    pub fn reset(self) {
        self.wire.reset();
    }
}
