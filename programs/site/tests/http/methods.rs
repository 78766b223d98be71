//! Methods, problem answers and health.

use crate::harness::Replica;

#[test]
fn other_methods_are_told_what_is_allowed() {
    let replica = Replica::of_folder();
    replica.put("file", "x");
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "BREW"] {
        for target in ["/file", "/none", "/health"] {
            let answer = replica.request(method, target, &[]);
            assert_eq!(answer.status, 405, "{method} {target}");
            assert_eq!(answer.field("allow"), Some("GET, HEAD, OPTIONS"), "{method} {target}");
            assert_eq!(answer.field("x-replica"), Some("test-1"));
        }
    }
    let posted = replica.request("POST", "/file", &[("Content-Length", "0")]);
    assert_eq!(posted.status, 405);
}

#[test]
fn options_answers_for_a_file_and_for_the_server() {
    let replica = Replica::of_folder();
    for target in ["/file", "*"] {
        let answer = replica.request("OPTIONS", target, &[]);
        assert_eq!((answer.status, answer.field("allow")), (204, Some("GET, HEAD, OPTIONS")));
        assert_eq!(answer.field("x-replica"), Some("test-1"));
    }
}

#[test]
fn health_says_who_and_how() {
    let replica = Replica::of_folder();
    let answer = replica.get("/health");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), r#"{"status":"ok","replica":"test-1"}"#);
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(answer.field("x-replica"), Some("test-1"));
}

#[test]
fn problems_are_pages_for_people_and_json_for_programs() {
    let replica = Replica::of_folder();
    let page = replica.get_with("/none", &[("Accept", "text/html,*/*;q=0.8")]);
    assert_eq!(page.status, 404);
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("<html lang=\"en\""), "{}", page.text());
    let fields = [("Accept", "text/html"), ("Accept-Language", "es-MX, en;q=0.5")];
    let spanish = replica.get_with("/none", &fields);
    assert!(spanish.text().contains("<html lang=\"es\""), "{}", spanish.text());
    let json = replica.get_with("/none", &[("Accept", "application/json")]);
    assert_eq!(json.field("content-type"), Some("application/problem+json"));
    let problem: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(problem["status"], 404);
    for answer in [page, spanish, json] {
        let vary = answer.field("vary").unwrap();
        assert!(vary.contains("Accept") && vary.contains("Accept-Language"), "{vary}");
    }
}

#[test]
fn the_request_id_is_shown_so_that_it_can_be_quoted() {
    let replica = Replica::of_folder();
    let answer = replica.get_with("/none", &[("X-Request-Id", "abc-123"), ("Accept", "text/html")]);
    assert!(answer.text().contains("abc-123"));
    let fields = [("X-Request-Id", "<script>alert(1)</script>"), ("Accept", "text/html")];
    assert!(!replica.get_with("/none", &fields).text().contains("<script>alert"));
}
