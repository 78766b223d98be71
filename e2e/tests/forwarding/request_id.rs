//! X-Request-Id: one name for a request in its answer, in the log and at the backend.

use tombolo_e2e::{Origin, Setup, Tombolo, scripts};

fn ids(gateway: &mut Tombolo, origin: &Origin, sent: &str) -> [String; 3] {
    let mut client = gateway.connect();
    let answer = client.exchange(format!("GET /id HTTP/1.1\r\nHost: example.org\r\n{sent}\r\n"));
    let answered = answer.head.one("x-request-id").expect("an id in the answer").to_owned();
    let record = gateway.wait_for_record("the request", |record| record["target"] == "/id");
    let logged = record["request_id"].as_str().expect("a text").to_owned();
    gateway.kill();
    origin.settled();
    let requests = origin.requests();
    let forwarded = requests[0].head.one("x-request-id").expect("an id upstream").to_owned();
    [answered, logged, forwarded]
}

fn origin() -> Origin {
    Origin::start(scripts::answer(scripts::ok("ok")))
}

#[test]
fn is_the_same_everywhere() {
    let origin = origin();
    let [answered, logged, forwarded] = ids(&mut Setup::to(&origin).start(), &origin, "");
    assert_eq!((&answered, &answered), (&logged, &forwarded));
    assert!(answered.len() >= 16, "{answered}");
}

#[test]
fn of_a_stranger_is_replaced() {
    let origin = origin();
    let sent = "X-Request-Id: forged\r\n";
    let [answered, logged, forwarded] = ids(&mut Setup::to(&origin).start(), &origin, sent);
    assert_ne!(answered, "forged");
    assert_eq!((&answered, &answered), (&logged, &forwarded));
}

#[test]
fn of_a_trusted_hop_is_kept() {
    let origin = origin();
    let mut gateway = Setup::to(&origin).gateway("trusted = [\"127.0.0.1/32\"]").start();
    let ids = ids(&mut gateway, &origin, "X-Request-Id: from-the-edge-1\r\n");
    assert_eq!(ids, ["from-the-edge-1"; 3].map(str::to_owned));
}

#[test]
fn is_never_given_twice() {
    let origin = origin();
    let gateway = Setup::to(&origin).workers(2).start();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let mut client = gateway.connect();
        for _ in 0..10 {
            let answer = client.get("/");
            let id = answer.head.one("x-request-id").expect("an id").to_owned();
            assert!(seen.insert(id.clone()), "{id} was given before");
        }
    }
}

/// The origin's own id must not stand beside ours.
#[test]
fn of_the_backend_does_not_double_it() {
    let origin = Origin::start(scripts::answer(
        "HTTP/1.1 200 OK\r\nX-Request-Id: inner\r\nContent-Length: 2\r\n\r\nok",
    ));
    let gateway = Setup::to(&origin).start();
    let answer = gateway.connect().get("/");
    assert_eq!(answer.head.all("x-request-id").len(), 1, "{:?}", answer.head);
    assert_ne!(answer.head.one("x-request-id"), Some("inner"));
}

#[test]
fn stands_on_the_gateways_own_pages_too() {
    let gateway = Setup::to_addresses(["127.0.0.1:1"]).start();
    let answer = gateway.connect().get("/");
    assert_eq!(answer.status(), 502);
    let id = answer.head.one("x-request-id").expect("an id").to_owned();
    assert!(answer.text().contains(&id), "the page names the id: {}", answer.text());
    let record = gateway.wait_for_record("the request", |record| record["status"] == 502);
    assert_eq!(record["request_id"], id.as_str());
}
