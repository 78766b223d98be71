//! `tombolo chat`, at a terminal and for programs, through the gateway to three replicas.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod piped;
mod terminal;

use std::net::SocketAddr;

use serde_json::{Value, json};
use tombolo_e2e::{Client, Setup, Tombolo};

/// Three replicas that share one file, and a gateway before them.
struct Chat {
    replicas: Vec<Tombolo>,
    gateway: Tombolo,
    /// Dropped after the processes that use it.
    _folder: tempfile::TempDir,
}

fn chat() -> Chat {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("chat.db").display());
    let replica = |number: usize| {
        let name = format!("chat-{number}");
        let arguments = ["serve", "chat", "--listen", "0", "--database", &database];
        Tombolo::start(&[&arguments[..], &["--replica", &name, "--rate", "0"]].concat()).listening()
    };
    let replicas: Vec<_> = (1..=3).map(replica).collect();
    let addresses = replicas.iter().map(|replica| replica.address().to_string());
    Chat { gateway: Setup::to_addresses(addresses).start(), replicas, _folder: folder }
}

/// Somebody else says something, over the API.
fn say(gateway: SocketAddr, text: &str) {
    let body = json!({"author": "Eva", "text": text}).to_string();
    let length = body.len();
    let answer = Client::connect(gateway).exchange(format!(
        "POST /chat/rooms/lobby/messages HTTP/1.1\r\nHost: e2e\r\nContent-Type: application/json\
         \r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    assert_eq!(answer.status(), 201, "{}", answer.text());
}

/// The texts of the room, in their order.
fn texts(gateway: SocketAddr) -> Vec<String> {
    let answer = Client::connect(gateway).get("/chat/rooms/lobby/messages");
    let page: Value = serde_json::from_str(&answer.text()).unwrap();
    let messages = page["messages"].as_array().unwrap();
    messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}
