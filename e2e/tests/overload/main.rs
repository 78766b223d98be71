//! Servers that take only so many at one time: who gets in, who waits, who is sent away.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod adaptive;
mod crowd;
mod exact;
mod leaving;
mod lines;
mod places;
mod refusals;
mod reloads;
mod server;

use serde_json::Value;
use std::net::SocketAddr;
use tombolo_e2e::{Client, Setup, Tombolo, eventually};

/// A gateway with an admin listener on a free port, and where that is.
fn start(setup: Setup) -> (Tombolo, SocketAddr) {
    let gateway = setup.gateway("admin = \"127.0.0.1:0\"").start();
    let admin = gateway.admin();
    (gateway, admin)
}

fn told(admin: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    Client::connect(admin).exchange(request).text()
}

/// What the gateway tells of its first upstream.
fn upstream(admin: SocketAddr) -> Value {
    let status: Value = serde_json::from_str(&told(admin, "/api/v1/status")).expect("JSON");
    status["upstreams"][0].clone()
}

/// Waits until so many wait.
fn waiting(admin: SocketAddr, count: usize) {
    eventually(&format!("{count} to wait"), || {
        (upstream(admin)["queue"]["waiting"] == count).then_some(())
    });
}

/// A client that has asked for `path`, and gets its answer when it wants.
fn asks(gateway: &Tombolo, path: &str) -> Client {
    let mut client = gateway.connect();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    client
}

/// The status of the answer that comes.
fn status(client: &mut Client) -> u16 {
    client.read_response().expect("an answer").status()
}
