//! Servers that fail, under steady load: killed, stopped, slow, answering errors; and back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod allowance;
mod bad_pages;
mod budget;
mod checks;
mod elsewhere;
mod error_retries;
mod giving_back;
mod load;
mod moods;
mod names;
mod processes;
mod rates;
mod requests;
mod restart;
mod rolling;
mod unix_sockets;

use serde_json::Value;
use std::net::SocketAddr;
use tombolo_e2e::{Client, Setup, Tombolo, eventually};

/// A gateway with an admin listener on a free port, and where that is.
fn start(setup: Setup) -> (Tombolo, SocketAddr) {
    administered(setup.gateway("admin = \"127.0.0.1:0\"").start())
}

/// A gateway that has begun, and where its admin listener is.
fn administered(gateway: Tombolo) -> (Tombolo, SocketAddr) {
    let admin = gateway.admin();
    (gateway, admin)
}

/// What the gateway tells of its first upstream.
fn upstream(admin: SocketAddr) -> Value {
    let request = format!("GET /api/v1/status HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let response = Client::connect(admin).exchange(request);
    let status: Value = serde_json::from_slice(&response.body).expect("JSON");
    status["upstreams"][0].clone()
}

/// Waits until a server is in one of these states, and gives what is told of it.
fn server_is(admin: SocketAddr, server: usize, states: &[&str]) -> Value {
    eventually(&format!("server {server} to be {states:?}"), || {
        let told = upstream(admin)["backends"][server].clone();
        states.contains(&told["state"].as_str().expect("a state")).then_some(told)
    })
}
