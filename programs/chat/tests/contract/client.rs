//! A client that hides nothing: requests over a fresh connection, and event streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

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

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends one request; HTTP/1.0, so that the body ends with the connection.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = connect(address);
    let mut text = format!("{method} {target} HTTP/1.0\r\nHost: test\r\n");
    for (name, value) in fields {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(text.as_bytes()).unwrap();
    // An answer may come before the body has gone.
    let _ = stream.write_all(body.as_bytes());
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
        request(self.address, "GET", target, &[], "")
    }

    pub(crate) fn post(&self, room: &str, key: Option<&str>, author: &str, text: &str) -> Answer {
        post(self.address, room, key, author, text)
    }

    /// Posts texts; their numbers.
    pub(crate) fn say(&self, room: &str, texts: impl IntoIterator<Item = String>) -> Vec<u64> {
        let say = |text: String| {
            let answer = self.post(room, None, "Ana", &text);
            assert_eq!(answer.status, 201, "{answer:?}");
            answer.json()["seq"].as_u64().unwrap()
        };
        texts.into_iter().map(say).collect()
    }

    /// Opens an event stream.
    pub(crate) fn events(&self, room: &str, query: &str, last_event_id: Option<&str>) -> Stream {
        Stream::open(self.address, room, query, last_event_id)
    }

    /// The numbers and texts that the log lists.
    pub(crate) fn log(&self, room: &str) -> Vec<(u64, String)> {
        let mut after = 0;
        let mut all = Vec::new();
        loop {
            let answer = self.get(&format!("/chat/rooms/{room}/messages?after={after}&limit=256"));
            let page = answer.json();
            let messages = page["messages"].as_array().unwrap().clone();
            let Some(last) = messages.last() else { return all };
            after = last["seq"].as_u64().unwrap();
            all.extend(messages.iter().map(|message| {
                (message["seq"].as_u64().unwrap(), message["text"].as_str().unwrap().to_owned())
            }));
        }
    }
}

pub(crate) fn post(
    address: SocketAddr,
    room: &str,
    key: Option<&str>,
    author: &str,
    text: &str,
) -> Answer {
    let body = json!({"author": author, "text": text}).to_string();
    let mut fields = vec![("Content-Type", "application/json")];
    fields.extend(key.map(|key| ("Idempotency-Key", key)));
    request(address, "POST", &format!("/chat/rooms/{room}/messages"), &fields, &body)
}

/// An open event stream.
pub(crate) struct Stream {
    lines: BufReader<TcpStream>,
    /// The id of the last event, as a browser keeps it.
    pub(crate) id: String,
    /// The last `retry` field.
    pub(crate) retry: Option<u64>,
}

/// An event of a stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Stream {
    pub(crate) fn open(
        address: SocketAddr,
        room: &str,
        query: &str,
        last_event_id: Option<&str>,
    ) -> Self {
        let mut stream = connect(address);
        let id = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let text =
            format!("GET /chat/rooms/{room}/events?{query} HTTP/1.0\r\nHost: test\r\n{id}\r\n");
        stream.write_all(text.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        while line != "\r\n" {
            line.clear();
            lines.read_line(&mut line).unwrap();
        }
        let mut stream = Self { lines, id: String::new(), retry: None };
        // The hello: an id without an event.
        assert!(stream.block().is_none());
        stream
    }

    /// The next event, whatever it is; None at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.block() {
                return Some(event);
            }
            if self.lines.fill_buf().unwrap().is_empty() {
                return None;
            }
        }
    }

    /// The next event of a kind.
    pub(crate) fn expect(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().unwrap_or_else(|| panic!("the stream ended before {kind}"));
            if event.kind == kind {
                return event.data;
            }
            assert_ne!(event.kind, "reset", "{event:?}");
        }
    }

    /// The numbers of the next messages.
    pub(crate) fn numbers(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.expect("message")["seq"].as_u64().unwrap()).collect()
    }

    /// Reads to an empty line; the event, if it was one.
    fn block(&mut self) -> Option<Event> {
        let (mut kind, mut data) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 || line == "\n" {
                break;
            }
            let (field, value) = line.trim_end_matches('\n').split_once(": ").unwrap();
            match field {
                "event" => value.clone_into(&mut kind),
                "data" => data += value,
                "id" => value.clone_into(&mut self.id),
                "retry" => self.retry = value.parse().ok(),
                other => panic!("{other}"),
            }
        }
        (!data.is_empty()).then(|| Event { kind, data: serde_json::from_str(&data).unwrap() })
    }

    /// The socket itself, for tests that stop reading.
    pub(crate) fn into_socket(self) -> impl Read {
        self.lines
    }
}
