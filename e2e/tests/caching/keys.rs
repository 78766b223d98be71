//! RFC 9111 section 2: the key, and the rules an operator gives for it.

use crate::site::{Site, ok};

const FRESH: &str = "Cache-Control: max-age=60";

/// Which of the targets were answered by the origin, after they were asked for in this order.
fn asked(route: &str, targets: &[&str]) -> Vec<usize> {
    let site = Site::with("", route);
    site.given("/", &[ok(&[FRESH])]);
    let ask = |target: &&str| {
        let before = site.total();
        site.get(target);
        site.total() - before
    };
    targets.iter().map(ask).collect()
}

#[test]
fn rfc9110_4_2_3_path_and_query_as_sent() {
    assert_eq!(asked("cache = true", &["/?a=1", "/?a=2", "/", "/?", "/?a=%31"]), [1; 5]);
    assert_eq!(asked("cache = true", &["/?b=1&a=2", "/?a=2&b=1"]), [1, 1]);
}

#[test]
fn rfc9110_4_2_3_spellings_of_one_host() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH])]);
    let ask = |target: &str, host: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        site.gateway().connect().exchange(request).text()
    };
    assert_eq!(ask("/", "example.org"), "answer 1");
    assert_eq!(ask("/", "EXAMPLE.ORG"), "answer 1");
    assert_eq!(ask("/", "example.org:80"), "answer 1");
    assert_eq!(ask("/", "Example.org.:080"), "answer 1");
    assert_eq!(ask("http://example.org/", "other.example"), "answer 1", "the target's host counts");
    assert_eq!(ask("/", "example.org:8080"), "answer 2");
    assert_eq!(ask("/", "other.example"), "answer 3");
}

/// An origin may take another spelling of a host for another host: what it answers to that would be
/// what all others are answered.
#[test]
fn the_host_goes_upstream_as_the_key_has_it() {
    let site = Site::behind_a_trusted_hop();
    let sent = |fields: &str, host: &str| {
        let path = format!("/{}", site.total());
        site.given(&path, &[ok(&[FRESH])]);
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
        assert_eq!(site.gateway().connect().exchange(request).text(), "answer 1");
        let head = site.asked(&path).remove(0).head;
        (head.one("host").unwrap().to_owned(), head.one("x-forwarded-host").unwrap().to_owned())
    };
    let same = |host: &str| (host.to_owned(), host.to_owned());
    for host in ["example.org", "EXAMPLE.org", "example.org.", "example.org:80", "example.org:080"]
    {
        assert_eq!(sent("", host), same("example.org"), "{host}");
    }
    assert_eq!(sent("", "Example.org:8080"), same("example.org:8080"));
    assert_eq!(sent("X-Forwarded-Proto: https\r\n", "Example.org:443").0, "example.org");
    assert_eq!(sent("X-Forwarded-Proto: https\r\n", "example.org:80").0, "example.org:80");
    let told = sent("X-Forwarded-Host: OTHER.example.:80\r\n", "app.internal");
    assert_eq!(told, ("app.internal".to_owned(), "other.example".to_owned()));
    // What is not answered for all goes as it was written.
    site.given("/form", &[ok(&[])]);
    let post = "POST /form HTTP/1.1\r\nHost: EXAMPLE.org.\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(site.gateway().connect().exchange(post).status(), 200);
    assert_eq!(site.asked("/form").remove(0).head.one("host"), Some("EXAMPLE.org."));
}

/// What is stored is the answer to the path in normal form. A spelling that a server may take for
/// another path is neither answered from it nor stored, and changes it all the same.
#[test]
fn rfc3986_6_2_2_one_path_has_one_key() {
    let site = Site::new();
    for sent in ["/caf%C3%A9", "/caf%c3%a9", "//caf%C3%A9", "/c%61f%C3%A9", "//c%61f%c3%a9"] {
        site.given(sent, &[ok(&[FRESH])]);
    }
    let one = ["/caf%C3%A9", "/caf%c3%a9", "/./caf%c3%a9", "/x/../caf%C3%A9"];
    let told: Vec<String> = one.iter().map(|path| site.get(path).text()).collect();
    assert_eq!(told, ["answer 1"; 4]);
    for other in ["//caf%C3%A9", "/c%61f%C3%A9"] {
        for _ in 0..2 {
            let answer = site.get(other);
            assert!(answer.head.one("cache-status").unwrap().contains("fwd=bypass"), "{other}");
        }
        assert_eq!(site.asked(other).len(), 2, "{other}");
    }
    assert!(site.get(one[0]).head.one("cache-status").unwrap().contains("; hit"));
    let post = "POST //c%61f%c3%a9 HTTP/1.1\r\nHost: EXAMPLE.org.\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(site.gateway().connect().exchange(post).status(), 200);
    assert!(site.get(one[0]).head.one("cache-status").unwrap().contains("fwd="), "invalidated");
    site.purge("{\"url\":\"http://example.org.:80/.//%63afe/../caf%c3%a9\"}");
    assert!(site.get(one[0]).head.one("cache-status").unwrap().contains("fwd="), "purged");
    site.purge("{\"prefix\":\"http://EXAMPLE.ORG//c%61\"}");
    assert!(site.get(one[0]).head.one("cache-status").unwrap().contains("fwd="), "purged");
}

#[test]
fn a_bypass_holds_for_every_spelling() {
    let rule = "cache = { bypass_paths = [\"/priv%61te\"] }";
    let spellings = ["/private/a", "/%70rivate/a", "//private/a", "/x/../private/a"];
    let site = Site::with("", rule);
    for sent in spellings {
        site.given(sent, &[ok(&[FRESH])]);
    }
    for path in spellings {
        let told = [site.get(path), site.get(path)];
        for answer in told {
            assert!(answer.head.one("cache-status").unwrap().contains("fwd=bypass"), "{path}");
        }
    }
}

#[test]
fn a_route_that_sends_the_normal_form_caches_every_spelling() {
    let site = Site::with("", "cache = true\nforward_path = \"normal\"");
    site.given("/a/~b", &[ok(&[FRESH])]);
    for path in ["//a/%7Eb", "/a/~b", "/a/./%7eb"] {
        assert_eq!(site.get(path).text(), "answer 1", "{path}");
    }
    assert_eq!(site.asked("/a/~b").len(), 1);
}

/// A request for `/` with this in front of its usual fields; the answer's text.
fn said(site: &Site, fields: &[&str]) -> String {
    site.get_with("/", fields).text()
}

#[test]
fn the_scheme_and_host_that_a_trusted_hop_tells_are_those_of_the_target() {
    let site = Site::behind_a_trusted_hop();
    site.given("/", &[ok(&[FRESH])]);
    assert_eq!(said(&site, &[]), "answer 1");
    assert_eq!(said(&site, &["X-Forwarded-Proto: https"]), "answer 2", "origins tell them apart");
    assert_eq!(said(&site, &["X-Forwarded-Proto: http"]), "answer 1");
    assert_eq!(said(&site, &["X-Forwarded-Proto: HTTPS"]), "answer 2");
    assert_eq!(said(&site, &["X-Forwarded-Host: example.org"]), "answer 1");
    assert_eq!(said(&site, &["X-Forwarded-Host: other.example"]), "answer 3");
    assert_eq!(said(&site, &["X-Forwarded-Host: OTHER.example:80"]), "answer 3");
    site.ask("POST", "/", &["X-Forwarded-Host: other.example", "Content-Length: 0"]);
    assert_eq!(said(&site, &["X-Forwarded-Host: other.example"]), "answer 5", "invalidated");
    assert_eq!(said(&site, &[]), "answer 1", "and the others not");
}

/// A hop that passes on what its client says of the host must not let that client choose what all
/// others are answered: whatever upstream is told of the target is in the key.
#[test]
fn all_that_a_trusted_hop_tells_of_the_target_is_in_the_key() {
    let site = Site::behind_a_trusted_hop();
    site.given("/", &[ok(&[FRESH])]);
    let from = |host: &str, fields: &[&str]| {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
        site.gateway().connect().exchange(request).text()
    };
    let told = "X-Forwarded-Host: victim.example";
    assert_eq!(from("attacker.example", &[told]), "answer 1");
    assert_eq!(from("victim.example", &[]), "answer 2", "not what another Host brought");
    assert_eq!(from("victim.example", &[told]), "answer 2");
    assert_eq!(from("VICTIM.example.:80", &[told]), "answer 2");
    assert_eq!(from("attacker.example", &[told]), "answer 1");
    let mut next = 3;
    for field in [
        "Forwarded: for=192.0.2.1;host=attacker.example",
        "Forwarded: for=192.0.2.1;host=VICTIM.example",
        "Forwarded: for=192.0.2.1;proto=https",
        "X-Forwarded-Port: 81",
        "X-Forwarded-Scheme: https",
        "X-Forwarded-Ssl: on",
        "X-Host: attacker.example",
        "X-Original-Host: attacker.example",
        "X-HTTP-Host-Override: attacker.example",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "X-Forwarded-Prefix: //attacker.example",
    ] {
        assert_eq!(from("victim.example", &[field]), format!("answer {next}"), "{field}");
        assert_eq!(from("victim.example", &[field]), format!("answer {next}"), "{field}");
        next += 1;
    }
    for field in [
        "Forwarded: for=192.0.2.1;host=victim.example;proto=http",
        "X-Forwarded-Port: 80",
        "X-Forwarded-Scheme: http",
        "X-Forwarded-For: 192.0.2.1",
    ] {
        assert_eq!(from("victim.example", &[field]), "answer 2", "{field} tells nothing new");
    }
    site.purge("{\"url\":\"http://victim.example/\"}");
    for (host, fields) in [("victim.example", &[][..]), ("attacker.example", &[told])] {
        assert_eq!(from(host, fields), format!("answer {next}"), "{host} is purged");
        next += 1;
    }
}

/// Some applications do what such a field says, so that the answer is not what a GET brings.
#[test]
fn a_request_that_names_another_method_or_path_passes_the_cache_by() {
    for field in ["X-HTTP-Method-Override: DELETE", "X-Method-Override: PUT", "x-http-method: HEAD"]
    {
        let site = Site::new();
        site.given("/", &[ok(&[FRESH])]);
        assert!(!site.keeps_what_is_given("/", &[field], &[]), "{field}: stored");
        assert_eq!(site.get("/").text(), site.get("/").text(), "without it, it is cached");
        let answer = site.get_with("/", &[field]);
        assert!(answer.head.one("cache-status").unwrap().contains("fwd=bypass"), "{field}");
        let name = field.split(':').next().unwrap();
        assert!(site.asked("/").last().unwrap().head.has(name), "it is the application's");
    }
    // Of a stranger they do not go upstream at all.
    for field in ["X-Original-URL: /admin", "X-Rewrite-URL: /admin"] {
        let site = Site::new();
        site.given("/", &[ok(&[FRESH])]);
        assert!(site.keeps_what_is_given("/", &[field], &[]), "{field}");
        assert!(!site.asked("/")[0].head.has(field.split(':').next().unwrap()), "{field}");
    }
}

#[test]
fn what_a_trusted_hop_tells_and_is_no_scheme_or_host_passes_the_cache_by() {
    for field in [
        "X-Forwarded-Host: example.org/x?",
        "X-Forwarded-Host: a, b",
        "X-Forwarded-Host:",
        "X-Forwarded-Host: a\r\nX-Forwarded-Host: b",
        "X-Forwarded-Proto: wss",
        "X-Forwarded-Proto: https, http",
    ] {
        let site = Site::behind_a_trusted_hop();
        site.given("/", &[ok(&[FRESH])]);
        assert!(!site.keeps_what_is_given("/", &[field], &[field]), "{field}");
    }
}

#[test]
fn what_anybody_else_tells_does_not_count() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH])]);
    for fields in [&["X-Forwarded-Proto: https"][..], &["X-Forwarded-Host: other.example"], &[]] {
        assert_eq!(said(&site, fields), "answer 1", "{fields:?}");
    }
}

#[test]
fn rules_for_the_query() {
    assert_eq!(asked("cache = { query = \"ignore\" }", &["/?a", "/?b", "/"]), [1, 0, 0]);
    assert_eq!(
        asked("cache = { sort_query = true }", &["/?b=1&a=2", "/?a=2&b=1", "/?a=2"]),
        [1, 0, 1]
    );
    let ignore = "cache = { ignore_query = [\"utm_*\", \"id\"] }";
    assert_eq!(asked(ignore, &["/?a=1", "/?a=1&utm_x=2&id=3", "/?idx=1&a=1"]), [1, 0, 1]);
    let keep = "cache = { keep_query = [\"page\"] }";
    assert_eq!(asked(keep, &["/?page=1&x=2", "/?y=3&page=1", "/?page=2"]), [1, 0, 1]);
}

/// What the key leaves out must not shape an answer that all get who share the key.
#[test]
fn what_is_not_in_the_key_does_not_go_upstream() {
    for (rules, target, sent) in [
        ("query = \"ignore\"", "/?a=1", "/"),
        ("ignore_query = [\"utm_*\"]", "/?a=1&utm_x=%22%3E&b=2", "/?a=1&b=2"),
        ("ignore_query = [\"utm_*\"]", "/?utm_x=1;callback=evil", "/"),
        ("keep_query = [\"page\"]", "/?x=1&page=2", "/?page=2"),
        ("sort_query = true", "/?b=1&a=2", "/?a=2&b=1"),
        ("query = \"exact\"", "/?b=1&a=2&&", "/?b=1&a=2&&"),
    ] {
        let site = Site::with("", &format!("cache = {{ {rules} }}"));
        site.given("/", &[ok(&[FRESH])]);
        site.get(target);
        site.get_with(target, &["Range: bytes=0-1", "Cache-Control: no-cache"]);
        assert_eq!(site.asked(sent).len(), 2, "{rules} {target}");
        // What is not stored goes as it was sent.
        site.ask("POST", target, &["Content-Length: 0"]);
        assert_eq!(site.asked(target).last().expect("a POST").head.method(), "POST", "{target}");
    }
}

#[test]
fn rules_that_pass_the_cache_by() {
    let rules = "[route.cache]\nbypass_cookies = [\"session\"]\nbypass_headers = [\"X-Preview\"]\n\
                 bypass_paths = [\"/admin\"]";
    let site = Site::with("", rules);
    for path in ["/", "/admin", "/admin/x", "/administrator"] {
        site.given(path, &[ok(&[FRESH])]);
    }
    for fields in ["Cookie: a=b; session=1", "X-Preview: yes"] {
        let before = site.asked("/").len();
        assert!(!site.keeps_what_is_given("/", &[fields], &[fields]), "{fields}");
        assert_eq!(site.asked("/").len(), before + 2);
    }
    assert!(site.keeps_what_is_given("/", &[], &["Cookie: other=session"]));
    let passing = site.get_with("/", &["Cookie: session=1"]);
    assert_eq!(passing.text(), "answer 6", "not answered from the cache either");
    for path in ["/admin", "/admin/x"] {
        assert!(!site.keeps_what_is_given(path, &[], &[]), "{path}");
    }
    assert!(site.keeps_what_is_given("/administrator", &[], &[]), "whole segments only");
}

#[test]
fn a_request_with_content_passes_the_cache_by() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH])]);
    site.get("/");
    let mut client = site.gateway().connect();
    let asked = "GET / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1\r\n\r\nx";
    assert_eq!(client.exchange(asked).text(), "answer 2");
    assert_eq!(site.get("/").text(), "answer 1", "and does not change what is stored");
}

#[test]
fn a_route_that_does_not_cache() {
    let site = Site::with("", "cache = false");
    assert!(!site.keeps("/", ok(&[FRESH])));
    assert!(!site.get("/").head.has("cache-status"));
}

#[test]
fn cookies_without_freshness_if_the_operator_says_so() {
    let site = Site::with("ttl = \"60s\"\ncookies_without_freshness = true", "cache = true");
    site.given("/", &[ok(&[])]);
    assert!(site.keeps_what_is_given("/", &["Cookie: a=b"], &["Cookie: c=d"]));
}
