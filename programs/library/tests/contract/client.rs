//! A client that hides nothing: requests over a fresh connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::replicas::{PATIENCE, Replica};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Sends one request; HTTP/1.0, so that the body ends with the connection.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = format!("{method} {target} HTTP/1.0\r\n");
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        text += "Host: test\r\n";
    }
    for (name, value) in fields {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(text.as_bytes()).unwrap();
    // An answer may come before the body has gone.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert!(!bytes.is_empty(), "{method} {target}: {error}");
    }
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: bytes[end..].to_vec() }
}

/// What tests ask of a replica.
impl Replica {
    pub(crate) fn get(&self, target: &str) -> Answer {
        request(self.address, "GET", target, &[], b"")
    }

    /// Sends JSON, or nothing for null, as the owner of a token.
    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut fields = vec![("Content-Type", "application/json")];
        fields.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(method, target, &fields, text.as_bytes())
    }

    /// Sends just this.
    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        request(self.address, method, target, fields, body)
    }
}
