//! The admin API and the commands that ask it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod access;
mod cache;
mod commands;
mod console;
mod drain;
mod errors;
mod metrics;
mod purge;
mod requests;
mod status;
mod times;
mod why;

use serde_json::Value;
use std::net::SocketAddr;
use tombolo_e2e::{Client, Response, Setup, Tombolo, eventually};

/// A gateway with an admin listener on a free port, and where that is.
fn start(setup: Setup) -> (Tombolo, SocketAddr) {
    let gateway = setup.gateway("admin = \"127.0.0.1:0\"").start();
    let address = gateway.admin();
    (gateway, address)
}

/// `GET path` as a tool on this machine does it.
fn get(address: SocketAddr, path: &str) -> Response {
    Client::connect(address).exchange(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n"))
}

/// `POST /api/v1/purge` with a body and further fields.
fn post(address: SocketAddr, fields: &str, body: &str) -> Response {
    Client::connect(address).exchange(format!(
        "POST /api/v1/purge HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n{fields}\r\n{body}",
        body.len()
    ))
}

/// A body as JSON.
fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// Fails the test unless it is problem+json of this status; its words.
fn problem(response: &Response, status: u16) -> String {
    assert_eq!(response.status(), status, "{response:?}");
    assert_eq!(response.head.one("content-type"), Some("application/problem+json"));
    let problem = json(response);
    assert_eq!(problem["status"], status);
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    problem["detail"].as_str().expect("words").to_owned()
}

/// The status once `fits` is true of it: what happened is counted when it is over, which is a
/// little later than when the client has its answer.
fn status_when(address: SocketAddr, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || {
        let status = json(&get(address, "/api/v1/status"));
        fits(&status).then_some(status)
    })
}
