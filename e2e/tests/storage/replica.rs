//! A replica of the chat, and what a client says to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tombolo_e2e::{PATIENCE, Tombolo, eventually};

/// The room where it happens.
pub(crate) const ROOM: &str = "/chat/rooms/lobby";

/// Starts a replica; returns once it listens.
pub(crate) fn start(database: &str) -> Tombolo {
    start_at(database, "127.0.0.1:0".parse().unwrap()).listening()
}

/// Starts a replica on an address; does not wait.
pub(crate) fn start_at(database: &str, listen: SocketAddr) -> Tombolo {
    let listen = listen.to_string();
    let arguments = ["serve", "chat", "--listen", &listen, "--database", database];
    Tombolo::start(&[&arguments[..], &["--rate", "0", "--history", "0"]].concat())
}

/// Sends a request and reads to the end of the connection; None if there was no answer.
pub(crate) fn request(server: SocketAddr, text: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(server).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_default()))
}

/// The status and the body of a GET.
pub(crate) fn get(server: SocketAddr, target: &str) -> Option<(u16, Value)> {
    request(server, &format!("GET {target} HTTP/1.0\r\nHost: e2e\r\n\r\n"))
}

/// Posts a text under a key that is the text; the status and the number it was given.
pub(crate) fn post(server: SocketAddr, text: &str) -> Option<(u16, Option<u64>)> {
    let body = json!({"author": "a", "text": text}).to_string();
    let (key, length) = (text.get(..text.len().min(100))?, body.len());
    let (status, answer) = request(
        server,
        &format!(
            "POST {ROOM}/messages HTTP/1.0\r\nHost: e2e\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )?;
    Some((status, answer["seq"].as_u64()))
}

/// Posts until it is acknowledged; the number it was given.
pub(crate) fn post_surely(server: SocketAddr, text: &str) -> u64 {
    eventually("a post to be acknowledged", || match post(server, text) {
        Some((200 | 201, seq)) => seq,
        _ => None,
    })
}

/// Every text of the room, in order.
pub(crate) fn log(server: SocketAddr) -> Vec<String> {
    let mut log = Vec::new();
    loop {
        let target = format!("{ROOM}/messages?after={}&limit=256", log.len());
        let page = eventually("a page of the log", || {
            get(server, &target).filter(|(status, _)| *status == 200)
        });
        let messages = page.1["messages"].as_array().unwrap().clone();
        if messages.is_empty() {
            return log;
        }
        for message in messages {
            assert_eq!(message["seq"].as_u64(), Some(log.len() as u64 + 1), "a gap");
            log.push(message["text"].as_str().unwrap().to_owned());
        }
    }
}

/// The epoch of the log.
pub(crate) fn epoch(server: SocketAddr) -> String {
    eventually("the log", || {
        let (status, page) = get(server, &format!("{ROOM}/messages"))?;
        (status == 200).then(|| page["epoch"].as_str().unwrap().to_owned())
    })
}
