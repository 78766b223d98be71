//! `POST /api/v1/purge`: what is not understood is told by field, and nothing is pretended.

use super::{json, post, problem, start};
use tombolo_e2e::{Origin, Setup, scripts};

const JSON: &str = "Content-Type: application/json; charset=utf-8\r\n";

#[test]
fn mistakes_are_told_by_field() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    for (body, status, words) in [
        ("", 400, "EOF"),
        ("[1]", 400, "a JSON object"),
        ("{\"url\":\"http://a/\"", 400, "line 1"),
        ("{}", 422, "url, prefix, tag and all"),
        ("{\"url\":\"http://a/\",\"prefix\":\"http://a/\"}", 422, "just one"),
        ("{\"url\":\"/page\"}", 422, "a whole URL"),
        ("{\"url\":\"ftp://example.org/\"}", 422, "a whole URL"),
        ("{\"url\":\"http://example.org/a b\"}", 422, "%20"),
        ("{\"prefix\":\"example.org\"}", 422, "a whole URL"),
        ("{\"tag\":\"a b\"}", 422, "blanks"),
        ("{\"all\":1}", 422, "only true"),
        ("{\"all\":true,\"soft\":1}", 422, "true or false"),
        ("{\"all\":true,\"hard\":true}", 422, "unknown"),
        ("{\"tag\":\"a\",\"tag\":\"b\"}", 422, "twice"),
    ] {
        let refused = post(address, JSON, body);
        let told = problem(&refused, status);
        assert!(told.contains(words), "{body}: {told}");
        if status == 422 {
            let errors = &json(&refused)["errors"];
            assert!(errors[0]["field"].is_string() && errors[0]["message"].is_string(), "{errors}");
        }
    }
    let two = json(&post(address, JSON, "{\"url\":7,\"soft\":7}"));
    assert_eq!(two["errors"].as_array().map(Vec::len), Some(2), "{two}");
}

#[test]
fn without_a_cache_nothing_is_pretended() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    for body in
        ["{\"url\":\"http://example.org/\"}", "{\"all\":true}", "{\"tag\":\"t\",\"soft\":true}"]
    {
        assert!(problem(&post(address, JSON, body), 409).contains("no cache"), "{body}");
    }
}
