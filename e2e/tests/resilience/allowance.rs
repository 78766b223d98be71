//! What answers tell of a rate limit: how much of it is left, on every answer of the route.

use std::net::SocketAddr;

use tombolo_e2e::{Client, Origin, Response, Setup, Tombolo, eventually, scripts};

use crate::moods::{Mood, Moody};
use crate::start;

/// A route with this limit, before an origin that answers so.
fn limited(limit: &str, more: &str, answer: String) -> (Tombolo, SocketAddr, Origin) {
    let origin = Origin::start(scripts::answer(answer));
    let route = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\nrate_limit = {{ {limit} }}\n{more}\n\
         [[route]]\npath = \"/free\"\nupstream = \"app\"\n"
    );
    let (gateway, admin) = start(Setup::to(&origin).workers(2).routes(&route));
    (gateway, admin, origin)
}

fn answer(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok")
}

fn get(client: &mut Client, path: &str, fields: &str) -> Response {
    client.exchange(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"))
}

/// What is left, and in how many seconds all of it is there again.
fn left(response: &Response) -> (u64, u64) {
    let value = response.head.one("ratelimit").unwrap_or_else(|| panic!("{response:?}"));
    let numbers = value.strip_prefix("\"route\";r=").and_then(|rest| rest.split_once(";t="));
    let (left, reset) = numbers.unwrap_or_else(|| panic!("{value}"));
    (left.parse().unwrap(), reset.parse().unwrap())
}

#[test]
fn answers_tell_what_is_left() {
    let (gateway, _admin, _origin) = limited("requests = 5, per = \"1h\"", "", answer(""));
    let mut client = gateway.connect();
    for (taken, expected) in [4, 3, 2].into_iter().enumerate() {
        let response = get(&mut client, "/", "");
        assert_eq!(response.head.one("ratelimit-policy"), Some("\"route\";q=5;w=3600"));
        let (left, reset) = left(&response);
        assert_eq!(left, expected);
        let due = 720 * (taken as u64 + 1);
        assert!((due - 20..=due).contains(&reset), "full again in {due} s, not {reset}");
    }
    let own = client.exchange("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((own.status(), left(&own).0), (405, 1), "the gateway's own answers tell it too");
    assert_eq!(left(&get(&mut client, "/", "")).0, 0);
    assert_eq!(get(&mut client, "/", "").status(), 429);
    let free = get(&mut client, "/free", "");
    assert!(!free.head.has("ratelimit") && !free.head.has("ratelimit-policy"), "{free:?}");
}

#[test]
fn hits_and_304s_tell_it_too() {
    let stored = answer("Cache-Control: max-age=60\r\nETag: \"a\"\r\n");
    let (gateway, _admin, origin) =
        limited("requests = 9, per = \"1h\"", "cache = true\n[cache]\ndir = \"c\"", stored);
    let mut client = gateway.connect();
    assert_eq!(left(&get(&mut client, "/", "")).0, 8);
    let hit = get(&mut client, "/", "");
    assert!(hit.head.one("cache-status").unwrap().contains("hit"), "{hit:?}");
    assert_eq!(left(&hit).0, 7);
    let same = get(&mut client, "/", "If-None-Match: \"a\"\r\n");
    assert_eq!((same.status(), left(&same).0), (304, 6));
    let part = get(&mut client, "/", "Range: bytes=0-0\r\n");
    assert_eq!((part.status(), left(&part).0), (206, 5));
    assert_eq!(origin.requests().len(), 1);
}

/// What the cache asks upstream after the client was served is not the client's request.
#[test]
fn validation_in_the_background_takes_nobodys_turn() {
    let fields =
        "Cache-Control: max-age=1, stale-while-revalidate=600\r\nAge: 90\r\nETag: \"a\"\r\n";
    let stale = answer(fields);
    let limit = "requests = 2000, per = \"24h\"";
    let (gateway, _admin, origin) = limited(limit, "cache = true\n[cache]\ndir = \"c\"", stale);
    let mut client = gateway.connect();
    let mut remaining = 2_000;
    eventually("the validation", || {
        remaining -= 1;
        assert_eq!(left(&get(&mut client, "/", "")).0, remaining);
        let asked = origin.requests();
        asked.iter().any(|request| request.head.has("if-none-match")).then_some(())
    });
    assert_eq!(left(&get(&mut client, "/", "")).0, remaining - 1);
}

#[test]
fn an_upstreams_own_limits_stand_beside_ours() {
    let theirs = answer("RateLimit-Policy: \"app\";q=3;w=1\r\nRateLimit: \"app\";r=1;t=1\r\n");
    let (gateway, _admin, _origin) = limited("requests = 5, per = \"1h\"", "", theirs);
    let response = get(&mut gateway.connect(), "/", "");
    let policies: Vec<&str> = response.head.all("ratelimit-policy");
    assert_eq!(policies, ["\"app\";q=3;w=1", "\"route\";q=5;w=3600"]);
    let limits: Vec<&str> = response.head.all("ratelimit");
    assert_eq!(limits[0], "\"app\";r=1;t=1");
    assert!(limits[1].starts_with("\"route\";r=4;t="), "{limits:?}");
}

#[test]
fn they_can_be_turned_off() {
    let (gateway, _admin, _origin) =
        limited("requests = 1, per = \"1h\", headers = false", "", answer(""));
    let mut client = gateway.connect();
    for status in [200, 429] {
        let response = get(&mut client, "/", "");
        assert_eq!(response.status(), status);
        assert!(!response.head.has("ratelimit") && !response.head.has("ratelimit-policy"));
        assert_eq!(response.head.has("retry-after"), status == 429, "{response:?}");
    }
}

/// Whoever watches learns from the metrics which route turns requests away.
#[test]
fn refusals_are_counted_by_route() {
    let server = Moody::start(Mood::Well);
    let route = |path: &str, requests: u64| {
        let limit = format!("rate_limit = {{ requests = {requests}, per = \"1h\" }}");
        format!("[[route]]\npath = \"{path}\"\nupstream = \"app\"\n{limit}\n")
    };
    let routes = format!("{}{}", route("/", 1), route("/api", 3));
    let (gateway, admin) = start(Setup::to(&server.origin).workers(2).routes(&routes));
    for path in ["/", "/api"] {
        (0..6).for_each(|_| drop(get(&mut gateway.connect(), path, "")));
    }
    let metrics = || {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n");
        Client::connect(admin).exchange(request).text()
    };
    for line in [
        "tombolo_rate_limit_refusals_total{route=\"/\"} 5",
        "tombolo_rate_limit_refusals_total{route=\"/api\"} 3",
        "tombolo_rate_limit_refusals_total{route=\"(none)\"} 0",
        "tombolo_requests_total{route=\"/\",code_class=\"4xx\"} 5",
    ] {
        eventually(line, || metrics().lines().any(|one| one == line).then_some(()));
    }
}
