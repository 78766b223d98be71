//! Fields the gateway adds, replaces and removes (RFC 9110 section 7.6, RFC 7239).

use crate::{answered, through};
use tombolo_e2e::Setup;

const TRUSTING: &str = "trusted = [\"127.0.0.0/8\"]";

/// What a proxy in front would send; or what a liar would.
const CLAIMS: &str = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\
                      X-Forwarded-Host: public.example\r\nForwarded: for=192.0.2.7;proto=https\r\n";

fn request(fields: &str) -> String {
    format!("GET /a?b HTTP/1.1\r\nHost: example.org\r\n{fields}\r\n")
}

fn elements(value: Option<&str>) -> Vec<String> {
    value.unwrap_or_default().split(',').map(|part| part.trim().to_owned()).collect()
}

#[test]
fn a_plain_request_is_told_where_it_came_from() {
    let (got, _) = through(|setup| setup, &request(""));
    let head = got.head;
    assert_eq!((head.start.as_str(), head.one("host")), ("GET /a?b HTTP/1.1", Some("example.org")));
    assert_eq!(head.one("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(head.one("x-forwarded-proto"), Some("http"));
    assert_eq!(head.one("x-forwarded-host"), Some("example.org"));
    let forwarded = head.one("forwarded").expect("Forwarded").to_ascii_lowercase();
    let mut parts: Vec<_> = forwarded.split(';').map(str::trim).collect();
    parts.sort_unstable();
    for part in ["for=127.0.0.1", "proto=http"] {
        assert!(parts.contains(&part), "{forwarded}");
    }
    assert!(parts.contains(&"host=example.org") || parts.contains(&"host=\"example.org\""));
    let via = head.one("via").expect("Via");
    assert!(via.starts_with("1.1 ") && via.len() > 4, "{via}");
}

/// Fields by which proxies tell of the client, as a stranger may claim them.
const FAMILY: [&str; 22] = [
    "X-Forwarded-Port: 1",
    "X-Forwarded-Prefix: /evil",
    "X-Forwarded-Server: evil",
    "X-Forwarded-Ssl: on",
    "X-Forwarded-Scheme: https",
    "X-Forwarded-User: admin",
    "X-Forwarded: for=192.0.2.7",
    "True-Client-IP: 192.0.2.7",
    "CF-Connecting-IP: 192.0.2.7",
    "X-Original-URL: /admin",
    "X-Rewrite-URL: /admin",
    "X-Client-IP: 192.0.2.7",
    "CloudFront-Forwarded-Proto: https",
    "CF-Visitor: {\"scheme\":\"https\"}",
    "X-ARR-SSL: 2048",
    "Front-End-Https: on",
    "X-Url-Scheme: https",
    "X-HTTP-Host-Override: evil.example",
    "X_Forwarded_Ssl: on",
    "X.Original.URL: /admin",
    "SCRIPT_NAME: /evil",
    "Client-Cert: :MIIB:",
];

fn family() -> String {
    FAMILY.iter().map(|field| format!("{field}\r\n")).collect()
}

/// Applications believe the first or the last of a list, and any of these fields: of a stranger's
/// claims none goes on.
#[test]
fn claims_of_strangers_are_replaced() {
    let fields = format!("{CLAIMS}X-Real-IP: 192.0.2.7\r\n{}", family());
    let (got, _) = through(|setup| setup, &request(&fields));
    let head = got.head;
    assert_eq!(head.all("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(head.all("x-real-ip"), ["127.0.0.1"]);
    assert_eq!(head.all("x-forwarded-proto"), ["http"]);
    assert_eq!(head.all("x-forwarded-host"), ["example.org"]);
    assert_eq!(head.all("forwarded"), ["for=127.0.0.1;host=\"example.org\";proto=http"]);
    for field in FAMILY {
        let name = field.split(':').next().unwrap();
        assert!(!head.has(name), "{name} in {head:?}");
    }
}

/// Somebody's proxy may have been forgotten in `trusted`.
#[test]
fn that_claims_were_replaced_is_said_once() {
    let origin = tombolo_e2e::Origin::start(tombolo_e2e::scripts::answer(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..3 {
        assert_eq!(client.exchange(request(CLAIMS)).status(), 200);
    }
    gateway.kill();
    gateway.stderr().wait_for_end();
    let log = gateway.stderr().text();
    assert_eq!(log.matches("add its address to `trusted`").count(), 1, "{log}");
}

#[test]
fn the_client_that_a_trusted_hop_tells_is_the_real_ip() {
    let real = |fields: &str| {
        let (got, _) = through(|setup| setup.gateway(TRUSTING), &request(fields));
        got.head.all("x-real-ip").join("|")
    };
    assert_eq!(real("X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n"), "192.0.2.7");
    assert_eq!(real("X-Real-IP: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.7\r\n"), "192.0.2.9");
    assert_eq!(real(""), "127.0.0.1");
}

/// A hop may be trusted and pass on what a stranger wrote: an open quotation mark would swallow what
/// is appended.
#[test]
fn a_malformed_forwarded_is_dropped_whoever_sent_it() {
    for value in ["for=9.9.9.9;x=\"", "for=[::1]", "for=a b"] {
        let fields = format!("Forwarded: for=192.0.2.7\r\nForwarded: {value}\r\n");
        let (got, _) = through(|setup| setup.gateway(TRUSTING), &request(&fields));
        let told = got.head.all("forwarded");
        assert_eq!(told, ["for=127.0.0.1;host=\"example.org\";proto=http"], "{value}");
    }
}

#[test]
fn claims_of_trusted_hops_are_kept_and_extended() {
    let fields = format!("{CLAIMS}{}", family());
    let (got, _) = through(|setup| setup.gateway(TRUSTING), &request(&fields));
    let head = got.head;
    for field in FAMILY {
        let (name, value) = field.split_once(": ").unwrap();
        assert_eq!(head.one(name), Some(value));
    }
    let chain = elements(Some(&head.all("x-forwarded-for").join(",")));
    assert_eq!(chain, ["192.0.2.7", "127.0.0.1"]);
    assert_eq!(head.one("x-forwarded-proto"), Some("https"));
    assert_eq!(head.one("x-forwarded-host"), Some("public.example"));
    let forwarded = elements(Some(&head.all("forwarded").join(",")));
    assert_eq!(forwarded.len(), 2, "{forwarded:?}");
    assert_eq!(forwarded[0], "for=192.0.2.7;proto=https");
    assert!(forwarded[1].to_ascii_lowercase().contains("for=127.0.0.1"), "{forwarded:?}");
}

/// Two lines mean the same as one with a comma; none of them may be lost or put out of order.
#[test]
fn several_lines_of_a_trusted_chain_stay_in_order() {
    let lines =
        "X-Forwarded-For: 192.0.2.1\r\nX-Mark: 1\r\nX-Forwarded-For: 192.0.2.2, 192.0.2.3\r\n";
    let (got, _) = through(|setup| setup.gateway(TRUSTING), &request(lines));
    let chain = elements(Some(&got.head.all("x-forwarded-for").join(",")));
    assert_eq!(chain, ["192.0.2.1", "192.0.2.2", "192.0.2.3", "127.0.0.1"]);
}

#[test]
fn other_networks_are_not_trusted() {
    let (got, _) =
        through(|s| s.gateway("trusted = [\"10.0.0.0/8\", \"::1/128\"]"), &request(CLAIMS));
    assert_eq!(got.head.one("x-forwarded-proto"), Some("http"));
    assert_eq!(got.head.one("x-forwarded-host"), Some("example.org"));
}

#[test]
fn via_is_extended_in_both_directions() {
    let (got, _) = through(|setup| setup, &request("Via: 1.0 first\r\n"));
    let chain = elements(Some(&got.head.all("via").join(",")));
    assert_eq!((chain.len(), chain[0].as_str()), (2, "1.0 first"));
    assert!(chain[1].starts_with("1.1 "), "{chain:?}");
    let answer =
        answered("HTTP/1.1 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 2\r\n\r\nok", "GET");
    let chain = elements(Some(&answer.head.all("via").join(",")));
    assert_eq!((chain.len(), chain[0].as_str()), (2, "1.1 inner"));
    assert!(chain[1].starts_with("1.1 "), "{chain:?}");
}

#[test]
fn via_tells_the_version_that_was_received() {
    let (got, _) = through(|setup| setup, "GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
    assert!(got.head.one("via").expect("Via").starts_with("1.0 "), "{:?}", got.head);
    let answer = answered("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "GET");
    assert!(answer.head.one("via").expect("Via").starts_with("1.0 "), "{:?}", answer.head);
}

#[test]
fn hop_by_hop_fields_end_here_on_the_way_in() {
    let fields = "Connection: keep-alive, X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\n\
                  Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nTE: gzip\r\n\
                  Upgrade: websocket\r\nX-End: 1\r\n";
    let (got, _) = through(|setup| setup, &request(fields));
    let head = got.head;
    for name in ["x-own", "keep-alive", "proxy-connection", "proxy-authorization", "upgrade"] {
        assert!(!head.has(name), "{name} in {head:?}");
    }
    assert!(!head.all("te").iter().any(|te| te.contains("gzip")), "{head:?}");
    assert!(!head.all("connection").iter().any(|value| value.contains("X-Own")), "{head:?}");
    assert_eq!(head.one("x-end"), Some("1"));
}

#[test]
fn hop_by_hop_fields_end_here_on_the_way_out() {
    let answer = answered(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Connection: keep-alive\r\nProxy-Authenticate: Basic\r\nX-End: 1\r\n\
         Content-Length: 2\r\n\r\nok",
        "GET",
    );
    for name in ["x-own", "keep-alive", "proxy-connection", "proxy-authenticate"] {
        assert!(!answer.head.has(name), "{name} in {:?}", answer.head);
    }
    assert_eq!(answer.head.one("x-end"), Some("1"));
}

#[test]
fn responses_keep_order_and_spelling_and_several_cookies() {
    let answer = answered(
        "HTTP/1.1 299 Quite Fine\r\nb-SECOND: 2\r\nSet-Cookie: a=1\r\nA-first: 1\r\n\
         set-cookie: b=2\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok",
        "GET",
    );
    assert_eq!(answer.head.start, "HTTP/1.1 299 Quite Fine");
    let names: Vec<_> = answer.head.fields.iter().map(|(name, _)| name.as_str()).collect();
    let ours = ["b-SECOND", "Set-Cookie", "A-first", "set-cookie"];
    let kept: Vec<_> = names.iter().copied().filter(|name| ours.contains(name)).collect();
    assert_eq!(kept, ours);
    assert_eq!(answer.head.all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(answer.head.one("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
}

#[test]
fn the_backend_is_named_unless_turned_off() {
    let origin = tombolo_e2e::Origin::start(tombolo_e2e::scripts::answer(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ));
    let gateway = Setup::to(&origin).start();
    let name = origin.address().to_string();
    assert_eq!(gateway.connect().get("/").head.one("x-served-by"), Some(name.as_str()));
    let gateway = Setup::to(&origin).gateway("served_by = false").start();
    assert!(!gateway.connect().get("/").head.has("x-served-by"));
}

#[test]
fn a_status_line_without_reason_is_understood() {
    for line in ["HTTP/1.1 200", "HTTP/1.1 200 "] {
        let answer = answered(&format!("{line}\r\nContent-Length: 2\r\n\r\nok"), "GET");
        assert_eq!((answer.status(), answer.text()), (200, "ok".into()));
    }
}
