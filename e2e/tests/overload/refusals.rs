//! Who is sent away, when, and what everybody is told.

use std::time::{Duration, Instant};

use crate::server::Server;
use crate::{asks, start, status, told, upstream, waiting};
use tombolo_e2e::Setup;

#[test]
fn a_full_queue_sends_away_at_once() {
    let server = Server::held();
    let lines = "limit = { in_flight = 1, queue = 2, wait = \"1m\" }";
    let (gateway, admin) = start(Setup::to(&server.origin).workers(2).upstream(lines));
    let mut inside = asks(&gateway, "/1");
    server.was_asked(1);
    let mut waits = [asks(&gateway, "/2"), asks(&gateway, "/3")];
    waiting(admin, 2);
    let why = told(admin, "/api/v1/why?url=http://x/9");
    assert!(why.contains("every server is full") && why.contains("\"waits\": true"), "{why}");
    let began = Instant::now();
    let mut away = gateway.connect();
    let answer = away.get("/4");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!((answer.status(), answer.head.one("retry-after")), (503, Some("1")));
    assert!(answer.text().contains("more to do than it can"), "{}", answer.text());
    let record = gateway.wait_for_record("/4", |record| record["target"] == "/4");
    let error = record["error"].as_str().unwrap();
    assert!(error.contains("so is the queue"), "{record}");
    // It says no more than that of the connection: the client may ask again over it.
    server.answer(4);
    assert_eq!(
        (status(&mut inside), status(&mut waits[0]), status(&mut waits[1])),
        (200, 200, 200)
    );
    assert_eq!(away.get("/5").status(), 200);
    assert_eq!(upstream(admin)["queue"]["refused"]["full"], 1);
    assert_eq!(server.targets().len(), 4, "it never heard of who was sent away");
}

#[test]
fn who_has_waited_long_enough_is_sent_away() {
    let server = Server::held();
    let lines = "limit = { in_flight = 1, queue = 9, wait = \"400ms\" }";
    let (gateway, admin) = start(Setup::to(&server.origin).upstream(lines));
    let mut inside = asks(&gateway, "/1");
    server.was_asked(1);
    let began = Instant::now();
    let answer = gateway.connect().get("/2");
    let took = began.elapsed();
    assert_eq!((answer.status(), answer.head.one("retry-after")), (503, Some("1")));
    assert!(took >= Duration::from_millis(400) && took < Duration::from_secs(5), "{took:?}");
    let id = answer.head.one("x-request-id").unwrap();
    let why = told(admin, &format!("/api/v1/why?request={id}"));
    assert!(why.contains("for as long as a request waits in the queue"), "{why}");
    let metrics = told(admin, "/metrics");
    for line in [
        "tombolo_upstream_overload_refused_total{upstream=\"app\",reason=\"wait\"} 1",
        "tombolo_upstream_requests_waiting{upstream=\"app\"} 0",
        &format!(
            "tombolo_upstream_requests_limit{{upstream=\"app\",backend=\"{}\"}} 1",
            server.origin.address()
        ),
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    server.answer(1);
    assert_eq!(status(&mut inside), 200);
}

/// Without a queue nobody waits; who asks when there is room is served.
#[test]
fn without_a_queue_nobody_waits() {
    let server = Server::held();
    let lines = "limit = { in_flight = 1, queue = 0 }";
    let (gateway, _) = start(Setup::to(&server.origin).upstream(lines));
    let mut inside = asks(&gateway, "/1");
    server.was_asked(1);
    assert_eq!(gateway.connect().get("/2").status(), 503);
    server.answer(2);
    assert_eq!(status(&mut inside), 200);
    assert_eq!(gateway.connect().get("/3").status(), 200);
}
