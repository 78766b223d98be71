//! Bad input gets a clear answer, and nobody may do too much.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::json;

use crate::client::request;
use crate::replicas::{PATIENCE, Store};

#[test]
fn mistakes_are_told_with_their_field() {
    let store = Store::sqlite();
    let replica = store.replica();
    let json_type = ("Content-Type", "application/json");
    let long = "x".repeat(4001);
    let huge = json!({"author": "Ana", "text": "x".repeat(70_000)}).to_string();
    let good = json!({"author": "Ana", "text": "hello"}).to_string();
    let messages = "/chat/rooms/lobby/messages";
    for (method, target, fields, body, status, field) in [
        ("POST", messages, &[json_type][..], "{", 400, "body"),
        ("POST", messages, &[json_type], r#"{"author":"Ana"}"#, 400, "body"),
        ("POST", messages, &[json_type], r#"["Ana","hello"]"#, 400, "body"),
        ("POST", "/chat/rooms/lobby/typing", &[json_type], r#"["Ana"]"#, 400, "body"),
        ("POST", messages, &[json_type], r#"{"author":"\u3164","text":"x"}"#, 400, "author"),
        ("POST", messages, &[json_type], r#"{"author":"Ana\u200d","text":"x"}"#, 400, "author"),
        ("POST", messages, &[json_type], r#"{"author":"Ana","text":"\u2800"}"#, 400, "text"),
        ("POST", "/chat/rooms/%E3%85%A4/messages", &[json_type], &good, 400, "room"),
        ("POST", messages, &[json_type], r#"{"author":"Ana","text":"x","to":"Eva"}"#, 400, "body"),
        (
            "POST",
            messages,
            &[json_type],
            &json!({"author": "", "text": "x"}).to_string(),
            400,
            "author",
        ),
        (
            "POST",
            messages,
            &[json_type],
            &json!({"author": "Ana", "text": long}).to_string(),
            400,
            "text",
        ),
        ("POST", messages, &[json_type, ("Idempotency-Key", "a b")], &good, 400, "Idempotency-Key"),
        ("POST", messages, &[], &good, 415, ""),
        ("POST", messages, &[("Content-Type", "text/plain")], &good, 415, ""),
        ("POST", messages, &[json_type], &huge, 413, ""),
        ("POST", "/chat/rooms/a%20b/messages", &[json_type], &good, 400, "room"),
        ("POST", "/chat/rooms/%ff/messages", &[json_type], &good, 400, "room"),
        ("GET", "/chat/rooms/lobby/messages?limit=0", &[], "", 400, "limit"),
        ("GET", "/chat/rooms/lobby/messages?limit=257", &[], "", 400, "limit"),
        ("GET", "/chat/rooms/lobby/messages?after=x", &[], "", 400, "after"),
        ("GET", "/chat/rooms/lobby/messages?after=1&before=3", &[], "", 400, "before"),
        ("GET", "/chat/rooms/lobby/events?after=-1", &[], "", 400, "after"),
        ("GET", "/chat/rooms/lobby/events?name=%0a%0a", &[], "", 400, "author"),
        (
            "GET",
            "/chat/rooms/lobby/events",
            &[("Last-Event-ID", "nonsense")],
            "",
            400,
            "Last-Event-ID",
        ),
        ("DELETE", messages, &[], "", 405, ""),
        ("GET", "/chat/nothing", &[], "", 404, ""),
    ] {
        let answer = request(replica.address, method, target, fields, body);
        assert_eq!(answer.status, status, "{method} {target} {answer:?}");
        assert_eq!(answer.field("content-type"), Some("application/problem+json"));
        assert!(answer.field("x-replica").is_some());
        let problem = answer.json();
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
    }
    assert!(replica.log("lobby").is_empty());
}

#[test]
fn who_posts_too_fast_is_told_when_to_go_on() {
    let store = Store::sqlite();
    let replica = store.replica_with(|options| options.rate = 5);
    let post = |from: &str| {
        let body = json!({"author": "Ana", "text": "x"}).to_string();
        let fields = [("Content-Type", "application/json"), ("X-Forwarded-For", from)];
        request(replica.address, "POST", "/chat/rooms/lobby/messages", &fields, &body)
    };
    let refused = (0..60).map(|_| post("192.0.2.1")).find(|answer| answer.status != 201).unwrap();
    assert_eq!((refused.status, refused.field("retry-after")), (429, Some("1")));
    assert_eq!(post("192.0.2.2").status, 201);
}

/// A gateway on this machine names a client of this machine, which made up all before it.
#[test]
fn a_client_cannot_hide_behind_made_up_addresses() {
    let store = Store::sqlite();
    let replica = store.replica_with(|options| options.rate = 5);
    let post = |number: usize| {
        let body = json!({"author": "Ana", "text": "x"}).to_string();
        let from = format!("198.51.100.{number}, 127.0.0.1");
        let fields = [("Content-Type", "application/json"), ("X-Forwarded-For", from.as_str())];
        request(replica.address, "POST", "/chat/rooms/lobby/messages", &fields, &body).status
    };
    let refused = (0..100).map(post).find(|status| *status != 201);
    assert_eq!(refused, Some(429));
}

#[test]
fn posts_that_are_refused_count_as_well() {
    let store = Store::sqlite();
    let replica = store.replica_with(|options| options.rate = 5);
    let post = |_| {
        let fields = [("Content-Type", "application/json")];
        request(replica.address, "POST", "/chat/rooms/lobby/messages", &fields, "[]").status
    };
    let refused = (0..100).map(post).find(|status| *status != 400);
    assert_eq!(refused, Some(429));
}

#[test]
fn a_client_may_begin_so_many_rooms() {
    let store = Store::sqlite();
    let replica = store.replica_with(|options| options.rate = 10_000);
    let post = |room: &str| replica.post(room, None, "Ana", "x");
    assert_eq!(post("lobby").status, 201);
    let answers = (0..100).map(|number| post(&format!("room-{number}")));
    let refused = answers.into_iter().find(|answer| answer.status != 201).unwrap();
    assert_eq!(refused.status, 429);
    assert!(refused.json()["detail"].as_str().unwrap().contains("new rooms"), "{refused:?}");
    for room in ["lobby", "room-0"] {
        assert_eq!(post(room).status, 201, "{room} is there already");
    }
    // What is known of rooms is found again.
    let other = store.replica_with(|options| options.rate = 10_000);
    assert_eq!(other.post("room-1", None, "Ana", "x").status, 201);
}

#[test]
fn a_client_has_so_many_streams() {
    let store = Store::sqlite();
    let replica = store.replica_with(|options| options.streams = 2);
    let open = || (replica.events("lobby", "", None), replica.events("lobby", "", None));
    let held = open();
    let refused = replica.get("/chat/rooms/other/events");
    assert_eq!((refused.status, refused.field("retry-after")), (429, Some("5")));
    drop(held);
    let end = Instant::now() + PATIENCE;
    loop {
        let mut stream = TcpStream::connect(replica.address).unwrap();
        stream.write_all(b"GET /chat/rooms/lobby/events HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        if &head == b"HTTP/1.1 200" {
            return;
        }
        assert!(Instant::now() < end, "places of streams were not given back");
    }
}

#[test]
fn health_tells_whether_it_can_serve() {
    let store = Store::sqlite();
    let replica = store.replica();
    let answer = replica.get("/health");
    assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("ok")));
}
