//! The same server for the same key: hash and sticky cookie.

use crate::origins;
use std::collections::{BTreeMap, BTreeSet};
use tombolo_e2e::{Origin, Setup, Tombolo, scripts};

const KEYS: usize = 200;

/// Which server each key goes to, asked `rounds` times; fails when a key moves meanwhile.
fn places(
    gateway: &Tombolo,
    rounds: usize,
    request: impl Fn(usize) -> String,
) -> BTreeMap<usize, String> {
    let mut places = BTreeMap::new();
    for _ in 0..rounds {
        let mut client = gateway.connect();
        for key in 0..KEYS {
            let answer = client.exchange(request(key));
            let place = answer.head.one("x-served-by").expect("a name").to_owned();
            let before = places.insert(key, place.clone());
            assert!(before.is_none_or(|before| before == place), "key {key} moved");
        }
    }
    places
}

fn by_user(key: usize) -> String {
    format!("GET /{key} HTTP/1.1\r\nHost: x\r\nX-User: user-{key}\r\n\r\n")
}

fn hashing(origins: &[Origin], on: &str) -> Setup {
    Setup::to_all(origins)
        .workers(2)
        .upstream(&format!("policy = \"hash\"\nhash_on = \"{on}\""))
        .access_log("stdout = false")
}

#[test]
fn a_key_stays_with_its_server() {
    for (on, request) in [
        ("header:X-User", by_user as fn(usize) -> String),
        ("path", |key| format!("GET /{key}?x={key} HTTP/1.1\r\nHost: x\r\n\r\n")),
        ("cookie:user", |key| {
            format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; user={key}; c=d\r\n\r\n")
        }),
    ] {
        let origins = origins(4);
        let gateway = hashing(&origins, on).start();
        let places = places(&gateway, 2, request);
        let used: BTreeSet<_> = places.values().collect();
        assert_eq!(used.len(), 4, "{on}: all servers have keys");
    }
}

#[test]
fn a_client_address_stays_with_its_server() {
    let origins = origins(4);
    let gateway = hashing(&origins, "client").start();
    let mut places = BTreeSet::new();
    for last in 1..=40 {
        let served: BTreeSet<_> = (0..3)
            .map(|_| {
                let source = std::net::Ipv4Addr::new(127, 0, 0, last);
                tombolo_e2e::Client::connect_from(gateway.address(), source).get("/").text()
            })
            .collect();
        assert_eq!(served.len(), 1, "one server for 127.0.0.{last}");
        places.extend(served);
    }
    assert!(places.len() > 1);
}

/// Another gateway, or the same one started again, sends a key to the same server; and when one of
/// four servers goes, only its keys move.
#[test]
fn keys_move_only_when_their_server_goes() {
    let origins = origins(4);
    let all = places(&hashing(&origins, "header:x-user").start(), 1, by_user);
    let again = places(&hashing(&origins, "header:x-user").start(), 1, by_user);
    assert_eq!(all, again);
    let gone = origins[3].address().to_string();
    let three = places(&hashing(&origins[..3], "header:x-user").start(), 1, by_user);
    for key in 0..KEYS {
        assert!(all[&key] == gone || all[&key] == three[&key], "key {key} moved without need");
    }
    let moved = all.values().filter(|place| **place == gone).count();
    assert!((20..=85).contains(&moved), "{moved} of {KEYS} keys were with one of four servers");
}

/// A server that is down hands its keys on, the others keep theirs, and nobody sees an error.
#[test]
fn keys_of_a_server_that_is_down_are_served_by_others() {
    let mut origins = origins(3);
    let gateway = hashing(&origins, "header:x-user").start();
    let before = places(&gateway, 1, by_user);
    origins[0].stop();
    let down = origins[0].address().to_string();
    // Connections from before still live; a fresh gateway has none.
    let gateway = hashing(&origins, "header:x-user").start();
    let after = places(&gateway, 2, by_user);
    for key in 0..KEYS {
        assert_ne!(after[&key], down);
        assert!(before[&key] == down || before[&key] == after[&key], "key {key} moved");
    }
}

#[test]
fn requests_without_the_key_are_served_in_turn() {
    let origins = origins(3);
    let gateway = hashing(&origins, "header:x-user").start();
    let mut client = gateway.connect();
    let answers: BTreeSet<_> = (0..9).map(|_| client.get("/").text()).collect();
    assert_eq!(answers.len(), 3);
}

const STICKY: &str = "sticky = { cookie = \"served-by\" }";

/// The cookie of an answer as `name=value`.
fn cookie(answer: &tombolo_e2e::Response) -> Option<String> {
    let line = answer.head.all("set-cookie").into_iter().find(|c| c.starts_with("served-by="))?;
    line.split(';').next().map(str::to_owned)
}

#[test]
fn a_cookie_keeps_a_client_with_its_server() {
    let origins = origins(3);
    let gateway = Setup::to_all(&origins).workers(2).upstream(STICKY).start();
    for _ in 0..6 {
        let first = gateway.connect().get("/");
        let cookie = cookie(&first).expect("a cookie for a new client");
        let server = origins[first.text().parse::<usize>().expect("a number")].address();
        assert!(!cookie.contains(&server.port().to_string()), "{cookie} tells the server");
        for _ in 0..4 {
            let request = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; {cookie}\r\n\r\n");
            assert_eq!(gateway.connect().exchange(request).text(), first.text());
        }
    }
}

#[test]
fn the_cookie_is_safe_by_itself() {
    let origins = origins(2);
    let gateway = Setup::to_all(&origins).upstream(STICKY).start();
    let answer = gateway.connect().get("/");
    let line = answer.head.all("set-cookie")[0].to_ascii_lowercase();
    assert!(line.contains("httponly") && line.contains("path=/"), "{line}");
}

#[test]
fn the_cookie_has_the_attributes_that_the_file_says() {
    let origins = origins(2);
    let sticky = "sticky = { cookie = \"served-by\", path = \"/app\", same_site = \"none\", secure = true, http_only = false, max_age = \"8h\" }";
    let gateway = Setup::to_all(&origins).upstream(sticky).start();
    let answer = gateway.connect().get("/");
    let line = answer.head.all("set-cookie")[0];
    let (_, attributes) = line.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/app; Max-Age=28800; Secure; SameSite=None");
}

#[test]
fn an_unknown_cookie_is_replaced_and_a_known_one_is_not_sent_again() {
    let origins = origins(3);
    let gateway = Setup::to_all(&origins).upstream(STICKY).start();
    let ask = |cookie: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n");
        gateway.connect().exchange(request)
    };
    let given = cookie(&ask("served-by=forged")).expect("a new cookie");
    assert_eq!(cookie(&ask(&given)), None);
}

/// It says nothing of the client that the server does not know.
#[test]
fn the_cookie_does_not_go_upstream() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).upstream(STICKY).start();
    let own = cookie(&gateway.connect().get("/")).expect("a cookie");
    for (sent, arrives) in [
        (own.clone(), None),
        (format!("a=b; {own}"), Some("a=b")),
        (format!("{own};c=d ; a=b;"), Some("c=d; a=b")),
        ("a=b;  served-by-x=1".to_owned(), Some("a=b;  served-by-x=1")),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {sent}\r\n\r\n");
        gateway.connect().exchange(request);
        let last = origin.requests().pop().expect("a request");
        assert_eq!(last.head.one("cookie"), arrives, "{sent}");
    }
}

/// Nor does it keep its clients from what is stored for everybody.
#[test]
fn the_cookie_does_not_count_for_the_cache() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let routes = "[cache]\nttl = \"60s\"\n[[route]]\npath = \"/\"\nupstream = \"app\"";
    let gateway = Setup::to(&origin).upstream(STICKY).routes(routes).start();
    let own = cookie(&gateway.connect().get("/first")).expect("a cookie");
    for _ in 0..3 {
        let request = format!("GET /page HTTP/1.1\r\nHost: x\r\nCookie: {own}\r\n\r\n");
        assert_eq!(gateway.connect().exchange(request).text(), "ok");
    }
    assert_eq!(origin.requests().len(), 2, "the second and third are answered from the cache");
}

#[test]
fn a_sticky_server_that_is_down_is_left() {
    let mut origins = origins(2);
    let gateway = Setup::to_all(&origins).upstream(STICKY).start();
    let first = gateway.connect().get("/");
    let given = cookie(&first).expect("a cookie");
    let server: usize = first.text().parse().expect("a number");
    // It goes down for good: the listener and the connections.
    origins[server].stop();
    let gateway = Setup::to_all(&origins).upstream(STICKY).start();
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {given}\r\n\r\n");
    let answer = gateway.connect().exchange(request);
    assert_eq!(answer.text(), (1 - server).to_string());
    assert_ne!(cookie(&answer).expect("a cookie for the new server"), given);
}
