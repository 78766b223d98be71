//! Load generators: none of them may see a failed or unexpected answer.

use crate::site::site;
use tombolo_e2e::Foreign;

/// The number that follows `label` in the output of a tool.
fn number_after(text: &str, label: &str) -> u64 {
    let (_, rest) = text.split_once(label).unwrap_or_else(|| panic!("no {label:?} in {text}"));
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number after {label:?} in {text}"))
}

#[test]
fn wrk() {
    let site = site(None);
    let url = site.gateway.url("/");
    let said = Foreign::program("wrk", "wrk")
        .args(["-t", "2", "-c", "32", "-d", "3s", &url])
        .run()
        .succeeded();
    for complaint in ["Socket errors", "Non-2xx"] {
        assert!(!said.contains(complaint), "{said}");
    }
    let count = said.lines().find_map(|line| line.trim().split_once(" requests in"));
    let count: u64 = count.and_then(|(count, _)| count.parse().ok()).expect("a count");
    assert!(count > 100, "{said}");
}

#[test]
fn ab() {
    let site = site(None);
    let url = site.gateway.url("/");
    for keep in [&[][..], &["-k"]] {
        let said = Foreign::program("ab", "apache2-utils")
            .args(["-q", "-n", "2000", "-c", "20"])
            .args(keep)
            .arg(&url)
            .run()
            .succeeded();
        assert_eq!(number_after(&said, "Complete requests:"), 2000, "{said}");
        // "Failed" counts answers of another length than the first: replica names are as long.
        assert_eq!(number_after(&said, "Failed requests:"), 0, "{said}");
        assert!(!said.contains("Non-2xx"), "{said}");
    }
}

#[test]
fn hey() {
    let site = site(None);
    let url = site.gateway.url("/");
    for more in [&[][..], &["-disable-keepalive"], &["-m", "HEAD"]] {
        let said = Foreign::program("hey", "hey")
            .args(["-n", "2000", "-c", "20"])
            .args(more)
            .arg(&url)
            .run()
            .succeeded();
        // The histogram above may have a bucket "[200]" of its own.
        let (_, statuses) = said.split_once("Status code distribution").expect("hey's summary");
        assert_eq!(number_after(statuses, "[200]"), 2000, "{said}");
        assert!(!said.contains("Error distribution"), "{said}");
    }
}

#[test]
fn h2load_with_http_1() {
    let site = site(None);
    let url = site.gateway.url("/");
    let said = Foreign::program("h2load", "nghttp2-client")
        .args(["--h1", "-n", "2000", "-c", "20", "-m", "4", &url])
        .run()
        .succeeded();
    assert!(said.contains("2000 succeeded, 0 failed, 0 errored, 0 timeout"), "{said}");
    assert!(said.contains("status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx"), "{said}");
}
