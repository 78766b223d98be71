//! What the gateway does to messages on their way, and what it leaves alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bodiless;
mod headers;
mod http_1_0;
mod interim;
mod keep_alive;
mod loops;
mod request_id;
mod routing;
mod trailers;
mod tunnels;

use tombolo_e2e::{Client, Head, Origin, Request, Setup, scripts};

/// Sends one request through a gateway set up by `shape`, and gives what the origin received and
/// the head of the answer.
fn through(shape: impl FnOnce(Setup) -> Setup, request: &str) -> (Request, Head) {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = shape(Setup::to(&origin)).start();
    let answer = gateway.connect().exchange(request);
    assert_eq!((answer.status(), answer.text()), (200, "ok".into()));
    gateway.kill();
    origin.settled();
    let mut requests = origin.requests();
    assert_eq!(requests.len(), 1);
    (requests.remove(0), answer.head)
}

/// The answer of a gateway to `GET /` when its origin answers with `bytes`.
fn answered(bytes: &str, method: &str) -> tombolo_e2e::Response {
    let origin = Origin::start(scripts::answer(bytes));
    let gateway = Setup::to(&origin).start();
    let mut client: Client = gateway.connect();
    client.exchange(format!("{method} / HTTP/1.1\r\nHost: example.org\r\n\r\n"))
}
