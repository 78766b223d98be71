//! Keys: what is one resource and what is not.

use super::*;

fn key(scheme: Scheme, authority: &str, target: &str, query: QueryRule) -> String {
    let mut out = Vec::new();
    let rules = KeyRules { query };
    let place = Target { scheme, authority: authority.as_bytes(), told: &[] };
    let text = rules.write(place, target.as_bytes(), &mut out).unwrap().text;
    String::from_utf8(text.to_vec()).unwrap()
}

fn http(authority: &str, target: &str) -> String {
    key(Scheme::Http, authority, target, QueryRule::Exact)
}

fn parameters(sort: bool, ignore: &[&str], keep: &[&str]) -> QueryRule {
    let list = |names: &[&str]| names.iter().map(|name| name.as_bytes().into()).collect();
    QueryRule::Parameters(QueryParameters { sort, ignore: list(ignore), keep: list(keep) })
}

#[test]
fn rfc9110_4_2_3_spellings_of_one_uri() {
    assert_eq!(http("Example.ORG", "/a"), "http://example.org/a");
    assert_eq!(http("example.org:80", "/a"), "http://example.org/a");
    assert_eq!(http("example.org:080", "/a"), "http://example.org/a");
    assert_eq!(http("example.org:", "/a"), "http://example.org/a");
    assert_eq!(http("Example.org.:80", "/a"), "http://example.org/a");
    assert_eq!(http("[0:0::1]", "/a"), "http://[::1]/a");
    assert_eq!(http("example.org:443", "/a"), "http://example.org:443/a");
    assert_eq!(http("[::1]:80", ""), "http://[::1]/");
    assert_eq!(http("[::1]", "?q"), "http://[::1]/?q");
    assert_eq!(key(Scheme::Https, "a:443", "/", QueryRule::Exact), "https://a/");
    assert_eq!(http("", "/"), "http:///");
}

#[test]
fn rfc3986_6_2_2_spellings_of_one_path() {
    assert_eq!(http("a", "/%7Eb"), http("a", "/~b"));
    assert_eq!(http("a", "//b/./c"), http("a", "/b/c"));
    assert_eq!(http("a", "/%c3%a9"), http("a", "/%C3%A9"));
    assert_ne!(http("a", "/b%2Fc"), http("a", "/b/c"));
}

#[test]
fn query_and_case_are_taken_as_sent() {
    assert_ne!(http("a", "/b?%7E"), http("a", "/b?~"));
    assert_ne!(http("a", "/B"), http("a", "/b"));
    assert_ne!(http("a", "/b/"), http("a", "/b"));
    assert_ne!(http("a", "/b?"), http("a", "/b"));
    assert_ne!(http("a", "/b?x&y"), http("a", "/b?y&x"));
}

#[test]
fn query_rules() {
    let with = |rule: &QueryRule, target| key(Scheme::Http, "a", target, rule.clone());
    assert_eq!(with(&QueryRule::Ignore, "/b?x=1"), "http://a/b");
    let sorted = parameters(true, &[], &[]);
    assert_eq!(with(&sorted, "/?b=2&a=1"), with(&sorted, "/?a=1&b=2"));
    assert_ne!(with(&sorted, "/?a=2&a=1"), with(&sorted, "/?a=1&a=2"));
    let ignoring = parameters(false, &["utm_*", "fbclid"], &[]);
    assert_eq!(with(&ignoring, "/?utm_source=x&q=1&fbclid=y"), "http://a/?q=1");
    assert_eq!(with(&ignoring, "/?fbclid"), "http://a/");
    assert_eq!(with(&parameters(false, &[], &["q"]), "/?z=1&q=2&qq=3"), "http://a/?q=2");
}

#[test]
fn urls_of_operators() {
    let rules = KeyRules::default();
    let of = |url: &str| {
        let mut out = Vec::new();
        rules.of_url(url.as_bytes(), &mut out).map(|key| String::from_utf8_lossy(key.text).into())
    };
    assert_eq!(of("HTTP://A:80#x"), Some(String::from("http://a/")));
    assert_eq!(of("https://a?b#c"), Some(String::from("https://a/?b")));
    assert_eq!(of("http://A./%61/../b//c?%7E"), Some(String::from("http://a/b/c?%7E")));
    for bad in ["/a", "http:///a", "ftp://a/", "http://u@a/", "http://a b/", "http://a/../b"] {
        assert_eq!(of(bad), None, "{bad}");
    }
}

#[test]
fn scheme_and_host_part_keys() {
    assert_ne!(http("a", "/"), key(Scheme::Https, "a", "/", QueryRule::Exact));
    assert_ne!(http("a", "/"), http("b", "/"));
    assert_ne!(KeyHash::of(b"a"), KeyHash::of(b"b"));
}
