//! The gateway's own answers, for people and for programs, in their language.

use tombolo_e2e::{Response, Setup};

fn page(fields: &str) -> Response {
    let gateway = Setup::to_addresses(["127.0.0.1:1"]).start();
    let request = format!("GET /<script>alert(1)</script> HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    gateway.connect().exchange(request)
}

fn kind(answer: &Response) -> String {
    answer.head.one("content-type").unwrap_or_default().to_ascii_lowercase()
}

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";

#[test]
fn a_browser_gets_a_page() {
    let answer = page(BROWSER);
    assert_eq!(answer.status(), 502);
    assert!(kind(&answer).starts_with("text/html"), "{}", kind(&answer));
    let text = answer.text();
    assert!(text.contains("<html lang=\"en\""), "{text}");
    assert!(text.contains(answer.head.one("x-request-id").expect("an id")), "{text}");
    assert!(!text.contains("<script>alert"), "nothing of the request comes back raw");
    assert!(!text.contains("127.0.0.1:1"), "nothing of what lies behind is told");
    for external in ["http://", "https://", "src=\"//", "@import"] {
        assert!(!text.contains(external), "the page needs nobody else: {external}");
    }
}

#[test]
fn in_spanish_for_who_reads_spanish() {
    let answer = page(&format!("{BROWSER}Accept-Language: es-CO,es;q=0.9,en;q=0.5\r\n"));
    assert!(answer.text().contains("<html lang=\"es\""), "{}", answer.text());
    assert_eq!(answer.head.one("content-language"), Some("es"));
    let answer = page(&format!("{BROWSER}Accept-Language: fr, en;q=0.8, es;q=0.2\r\n"));
    assert_eq!(answer.head.one("content-language"), Some("en"));
}

#[test]
fn a_program_gets_a_problem() {
    for fields in ["", "Accept: */*\r\n", "Accept: application/json\r\n"] {
        let answer = page(fields);
        assert_eq!(kind(&answer), "application/problem+json", "{fields:?}");
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(problem["status"], 502);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(problem["request_id"].as_str(), answer.head.one("x-request-id"));
    }
}

#[test]
fn head_gets_no_body() {
    let gateway = Setup::to_addresses(["127.0.0.1:1"]).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        let answer = client.exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!((answer.status(), answer.body.len()), (502, 0));
    }
}

#[test]
fn own_answers_are_not_to_be_kept() {
    let answer = page("");
    assert_eq!(answer.head.one("cache-control"), Some("no-store"));
    assert!(answer.head.one("date").is_some_and(|date| date.ends_with("GMT")));
}

/// Even a request that could not be read gets a proper answer.
#[test]
fn a_bad_request_is_told_what_is_wrong() {
    let gateway = Setup::to_addresses(["127.0.0.1:1"]).start();
    for request in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n"] {
        let answer = gateway.connect().exchange(request);
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.head.one("connection"), Some("close"));
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
    }
}
