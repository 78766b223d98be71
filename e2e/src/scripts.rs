//! Ready-made behaviour for origins. Each function gives a script for [`Origin::start`].
//!
//! [`Origin::start`]: crate::Origin::start

use crate::{Connection, WireError};

/// A complete answer with a length: `HTTP/1.1 200 OK` and `body`.
pub fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Answers every request, once it is whole, with the same bytes; keeps the connection.
pub fn answer(
    bytes: impl Into<Vec<u8>>,
) -> impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static {
    let bytes = bytes.into();
    move |connection| {
        loop {
            connection.read_request()?;
            connection.write(&bytes)?;
        }
    }
}

/// Answers the first request of each connection with `bytes`, which may be broken, and closes.
pub fn answer_and_close(
    bytes: impl Into<Vec<u8>>,
) -> impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static {
    let bytes = bytes.into();
    move |connection| {
        connection.read_request()?;
        connection.write(&bytes)
    }
}

/// Answers the first request of each connection with `bytes` and waits for the gateway to close;
/// shows whether the gateway would keep a connection it has to discard.
pub fn answer_and_wait(
    bytes: impl Into<Vec<u8>>,
) -> impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static {
    let bytes = bytes.into();
    move |connection| {
        connection.read_request()?;
        connection.write(&bytes)?;
        connection.read_to_close()
    }
}

/// Answers with what it received: the head as it came, then the decoded body, with a length.
pub fn echo() -> impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static {
    |connection| {
        loop {
            let request = connection.read_request()?;
            let mut body = request.head.raw;
            body.extend_from_slice(&request.body);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            connection.write([head.as_bytes(), &body].concat())?;
        }
    }
}

/// Resets every connection as soon as it has read one request.
pub fn read_and_reset() -> impl Fn(&mut Connection) -> Result<(), WireError> + Send + Sync + 'static
{
    |connection| {
        connection.read_request()?;
        socket2::SockRef::from(connection.wire.stream())
            .set_linger(Some(std::time::Duration::ZERO))?;
        Err(WireError::Reset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Client, Origin};

    #[test]
    fn answer_keeps_the_connection_and_records_both_requests() {
        let origin = Origin::start(answer(ok("hi")));
        let mut client = Client::connect(origin.address());
        for path in ["/1", "/2"] {
            let response = client.exchange(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            assert_eq!((response.status(), response.text()), (200, "hi".into()));
        }
        drop(client);
        assert_eq!(origin.settled().len(), 1);
        let targets: Vec<_> =
            origin.requests().iter().map(|r| r.head.target().to_owned()).collect();
        assert_eq!(targets, ["/1", "/2"]);
    }

    #[test]
    fn echo_decodes_chunks() {
        let origin = Origin::start(echo());
        let mut client = Client::connect(origin.address());
        let response = client.exchange(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n",
        );
        assert!(response.text().ends_with("\r\n\r\nabc"));
        drop(client);
        origin.settled();
        assert_eq!(origin.requests()[0].trailers, [("T".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_reset_origin_is_seen_as_such() {
        let origin = Origin::start(read_and_reset());
        let mut client = Client::connect(origin.address());
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(matches!(client.read_response(), Err(WireError::Reset)));
    }

    #[test]
    #[should_panic(expected = "at the origin")]
    fn malformed_bytes_fail_the_test() {
        let origin = Origin::start(answer(ok("hi")));
        let mut client = Client::connect(origin.address());
        client.send("GET / HTTP/1.1\r\nA : b\r\n\r\n");
        let _ = client.read_to_end();
        drop(origin);
    }
}
