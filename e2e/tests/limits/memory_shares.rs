//! A gateway whose memory is bounded: a client that keeps many requests open is the one that is refused,
//! and others are served meanwhile.

use serde_json::Value;
use std::net::SocketAddr;
use tombolo_e2e::{Client, Connection, Origin, Setup, Tombolo, WireError, eventually};

/// The gateway with 96 MiB, as `tombolo up` would set its allocator up.
fn bounded(setup: Setup) -> Tombolo {
    let folder = tempfile::tempdir().unwrap();
    let text = setup.gateway("admin = \"127.0.0.1:0\"").text();
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let script = "ulimit -d 98304; export MIMALLOC_RESERVE_OS_MEMORY=72MiB MIMALLOC_DISALLOW_OS_ALLOC=1; \
                  exec \"$0\" gateway -c tombolo.toml";
    let program = Tombolo::path();
    let arguments = ["-c", script, program.to_str().unwrap()];
    Tombolo::start_program_in(folder, "sh", &arguments).listening()
}

/// Answers, but for `/slow`, for which it never does.
fn origin() -> Origin {
    Origin::start(|connection: &mut Connection| -> Result<(), WireError> {
        loop {
            let request = connection.read_request()?;
            if request.head.target() == "/slow" {
                return connection.read_to_close();
            }
            connection.write(tombolo_e2e::scripts::ok("ok"))?;
        }
    })
}

fn admin(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    Client::connect(address).exchange(request).text()
}

/// Requests that end nowhere: uploads that stall, and those whose answer does not come. More than a
/// gateway with 96 MiB has room for.
fn hold(address: SocketAddr, fields: &str) -> Vec<Client> {
    let from = [127, 0, 0, 2].into();
    (0..400)
        .map(|number| {
            let mut client = Client::connect_from(address, from);
            client.try_send(match number % 2 {
                0 => format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: 9\r\n\r\nabc"),
                _ => format!("GET /slow HTTP/1.1\r\nHost: x\r\n{fields}\r\n"),
            });
            client
        })
        .collect()
}

#[test]
fn who_holds_many_requests_is_refused_and_others_are_served() {
    tombolo_e2e::allow_descriptors(4096);
    let hop = "trusted = [\"127.0.0.0/8\"]";
    let told = |client: &str| format!("X-Forwarded-For: {client}\r\n");
    // By their addresses, and by what a trusted hop tells of them.
    for (lines, hostile, other) in
        [("", String::new(), String::new()), (hop, told("192.0.2.1"), told("192.0.2.9"))]
    {
        let origin = origin();
        let gateway = bounded(Setup::to(&origin).gateway(lines));
        let mut held = hold(gateway.address(), &hostile);
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{other}\r\n");
        let source = if other.is_empty() { [127, 0, 0, 1] } else { [127, 0, 0, 2] };
        let ask = || Client::connect_from(gateway.address(), source.into()).exchange(&request);
        // While memory is short all are refused; none of theirs that is younger than a second is ended.
        eventually("another client to be served", || (ask().status() == 200).then_some(()));
        for number in 0..50 {
            assert_eq!(ask().status(), 200, "request {number} of another client");
        }
        // The last of them at once, the first as soon as it has lasted for a second.
        for number in [399, 0] {
            let refused = held[number].read_response().unwrap();
            assert_eq!(refused.status(), 503, "{number}");
        }
        for number in 0..50 {
            assert_eq!(ask().status(), 200, "request {number} of another client, later");
        }
        eventually("room", || {
            let metrics = admin(gateway.admin(), "/metrics");
            metrics.contains("\ntombolo_memory_short 0\n").then_some(())
        });
        let status: Value =
            serde_json::from_str(&admin(gateway.admin(), "/api/v1/status")).unwrap();
        let server = &status["upstreams"][0]["backends"][0];
        assert_eq!(server["state"], "up", "it is not to blame: {server}");
        // With them gone nobody is refused.
        drop(held);
        eventually("the same client to be served", || {
            let again = format!("GET / HTTP/1.1\r\nHost: x\r\n{hostile}\r\n");
            let mut client = Client::connect_from(gateway.address(), [127, 0, 0, 2].into());
            (client.exchange(again).status() == 200).then_some(())
        });
    }
}
