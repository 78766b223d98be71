//! Rate limits: who asks too often is told when to come again, and nobody else notices.

use crate::moods::{Mood, Moody};
use crate::start;
use std::net::{Ipv4Addr, SocketAddr};
use tombolo_e2e::{Client, Response, Setup, Tombolo, eventually};

/// Five at once, and five an hour: a test never sees the sixth.
fn limited(key: &str, gateway: &str) -> (Tombolo, SocketAddr, Moody) {
    let server = Moody::start(Mood::Well);
    let route = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\n\
         rate_limit = {{ requests = 5, per = \"1h\"{key} }}\n\
         [[route]]\npath = \"/free\"\nupstream = \"app\"\n"
    );
    let setup = Setup::to(&server.origin).workers(2).routes(&route).gateway(gateway);
    let (gateway, admin) = start(setup);
    (gateway, admin, server)
}

fn get(client: &mut Client, path: &str, fields: &str) -> Response {
    client.exchange(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"))
}

fn statuses(client: &mut Client, count: usize, fields: &str) -> Vec<u16> {
    (0..count).map(|_| get(client, "/", fields).status()).collect()
}

#[test]
fn who_asks_too_often_is_told_when_to_come_again() {
    let (gateway, _, server) = limited("", "");
    let mut client = gateway.connect();
    assert_eq!(statuses(&mut client, 5, ""), [200; 5]);
    let refused = get(&mut client, "/", "");
    assert_eq!(refused.status(), 429);
    let after: u64 = refused.head.one("retry-after").unwrap().parse().unwrap();
    assert!((700..=720).contains(&after), "a fifth of an hour, not {after} s");
    assert_eq!(refused.head.one("ratelimit-policy"), Some("\"route\";q=5;w=3600"));
    let left = format!("\"route\";r=0;t={after}");
    assert_eq!(refused.head.one("ratelimit"), Some(left.as_str()));
    // The connection goes on, other routes have no limit, and the server heard nothing of it.
    assert_eq!(get(&mut client, "/free", "").status(), 200);
    assert_eq!(server.taken(), 6);
    let record = gateway.wait_for_record("the refusal", |record| record["status"] == 429);
    let words = "beyond rate_limit of the route (key client, 127.0.0.1: 5 in 3600s, 5 at once)";
    assert_eq!(record["error"], words, "{record}");
    // Whoever asks later is told the same.
    let (admin, id) = (gateway.admin(), record["request_id"].as_str().unwrap());
    let request = format!("GET /api/v1/why?request={id} HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let told = Client::connect(admin).exchange(request).text();
    assert!(told.contains(words), "{told}");
}

/// Of several limits all hold, and `why` names the one that refuses, by the same counts.
#[test]
fn several_limits_hold_and_why_names_the_one_that_refuses() {
    let server = Moody::start(Mood::Well);
    let route = "[[route]]\nupstream = \"app\"\nrate_limit = [\n\
                 { requests = 4, per = \"1h\" },\n\
                 { requests = 2, per = \"1h\", key = \"header:x-key\" },\n]\n";
    let (gateway, admin) = start(Setup::to(&server.origin).workers(1).routes(route));
    let mut client = gateway.connect();
    let ask = |client: &str| {
        let target = format!("/api/v1/why?url=http://x/&client={client}");
        let head = format!("GET {target} HTTP/1.1\r\nHost: {admin}\r\n\r\n");
        Client::connect(admin).exchange(head).text().replace(": ", ":")
    };
    let why = || ask("127.0.0.1");
    assert!(why().contains("\"passes\":true"), "{}", why());
    assert_eq!(statuses(&mut client, 3, "X-Key: one\r\n"), [200, 200, 429]);
    // What one limit refused was not taken from the other.
    assert_eq!(statuses(&mut client, 3, "X-Key: two\r\n"), [200, 200, 429]);
    assert_eq!(statuses(&mut client, 1, "X-Key: three\r\n"), [429]);
    let told = why();
    assert!(told.contains("\"passes\":false") && told.contains("\"status\":429"), "{told}");
    assert!(told.contains("key client, 127.0.0.1:4 in 3600s"), "{told}");
    let other = ask("127.0.0.9");
    assert!(other.contains("\"passes\":true"), "asking takes nothing: {other}");
    let drain = "{\"upstream\":\"app\"}";
    let drained = Client::connect(admin).exchange(format!(
        "POST /api/v1/drain HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{drain}",
        drain.len()
    ));
    assert_eq!(drained.status(), 200, "{}", drained.text());
    let other = ask("127.0.0.9");
    assert!(other.contains("\"status\":503") && other.contains("drained"), "{other}");
}

/// Another spelling of the path or the host is the same route.
#[test]
fn rfc3986_6_2_2_every_spelling_takes_from_the_same_bucket() {
    let server = Moody::start(Mood::Well);
    let route = "[[route]]\nupstream = \"app\"\n\
                 [[route]]\nhost = \"LOGIN.example.\"\npath = \"/log%69n\"\nupstream = \"app\"\n\
                 rate_limit = { requests = 2, per = \"1h\" }\n";
    let (gateway, _admin) = start(Setup::to(&server.origin).workers(1).routes(route));
    let mut client = gateway.connect();
    let mut told = Vec::new();
    for path in ["/login", "/%6cogin", "/logi%6E/x", "//login", "/login/", "/a/../login?x=1"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: login.EXAMPLE.\r\n\r\n");
        told.push(client.exchange(request).status());
    }
    assert_eq!(told, [200, 200, 429, 429, 429, 429]);
}

/// Each address has a bucket of its own, over all threads and connections together.
#[test]
fn each_client_has_its_own() {
    let (gateway, _admin, _server) = limited("", "");
    let all: Vec<u16> = (0..8).map(|_| statuses(&mut gateway.connect(), 1, "")[0]).collect();
    assert_eq!(all.iter().filter(|status| **status == 200).count(), 5, "{all:?}");
    let mut other = Client::connect_from(gateway.address(), Ipv4Addr::new(127, 0, 0, 9));
    assert_eq!(statuses(&mut other, 6, ""), [200, 200, 200, 200, 200, 429]);
}

/// A header names who asks; without it the address does, so that leaving it out gains nothing.
#[test]
fn a_header_can_name_who_asks() {
    let (gateway, _admin, _server) = limited(", key = \"header:x-key\", burst = 2", "");
    let mut client = gateway.connect();
    assert_eq!(statuses(&mut client, 3, "X-Key: one\r\n"), [200, 200, 429]);
    assert_eq!(statuses(&mut client, 3, "x-key: two\r\n"), [200, 200, 429]);
    assert_eq!(statuses(&mut client, 3, ""), [200, 200, 429]);
}

/// Behind a trusted proxy it is the client that counts, not the proxy; and nobody can pretend.
#[test]
fn a_trusted_hop_tells_who_asks() {
    let (gateway, _admin, _server) = limited("", "trusted = [\"127.0.0.1\"]");
    let mut hop = gateway.connect();
    for client in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        let fields = format!("X-Forwarded-For: 203.0.113.9, {client}\r\n");
        assert_eq!(statuses(&mut hop, 6, &fields), [200, 200, 200, 200, 200, 429], "{client}");
    }
    let mut stranger = Client::connect_from(gateway.address(), Ipv4Addr::new(127, 0, 0, 9));
    let forged: Vec<u16> = (0..7)
        .flat_map(|n| statuses(&mut stranger, 1, &format!("X-Forwarded-For: 192.0.2.{n}\r\n")))
        .collect();
    assert_eq!(forged, [200, 200, 200, 200, 200, 429, 429]);
}

/// A reload keeps the buckets: who has used his up cannot have new ones by it.
#[test]
fn a_reload_gives_nobody_a_second_bucket() {
    let (gateway, _admin, _server) = limited("", "");
    let mut client = gateway.connect();
    assert_eq!(statuses(&mut client, 6, "")[5], 429);
    let file = gateway.folder().join("tombolo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}[[route]]\npath = \"/new\"\nupstream = \"app\"\nrate_limit = {{ requests = 1, per = \"1h\" }}\n")).unwrap();
    gateway.signal(rustix::process::Signal::HUP);
    eventually("the reload", || (get(&mut client, "/new", "").status() == 429).then_some(()));
    assert_eq!(get(&mut client, "/", "").status(), 429);
}
