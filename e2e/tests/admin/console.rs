//! The console page: served to browsers, in their language, and to no other site's pages.

use super::{get, start};
use std::net::SocketAddr;
use tombolo_e2e::{Client, Origin, Response, Setup, scripts};

fn browse(address: SocketAddr, path: &str, fields: &str) -> Response {
    let accept = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    Client::connect(address)
        .exchange(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{accept}{fields}\r\n"))
}

#[test]
fn a_browser_is_shown_a_page_in_its_language() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let english = browse(address, "/", "");
    assert_eq!(english.head.one("content-type"), Some("text/html; charset=utf-8"));
    assert!(english.text().contains("<html lang=\"en\">"), "{}", english.text());
    let spanish = browse(address, "/", "Accept-Language: es-AR,es;q=0.9,en;q=0.5\r\n");
    assert_eq!(spanish.head.one("content-language"), Some("es"));
    assert!(spanish.text().contains("Consola de Tombolo"));
    assert_eq!(spanish.head.one("vary"), Some("Accept, Accept-Language"));
    assert!(get(address, "/").text().starts_with("Tombolo "), "a program is told in plain text");
}

#[test]
fn the_page_loads_nothing_from_elsewhere_and_may_not_be_framed() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let page = browse(address, "/", "");
    let policy = page.head.one("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part) && !policy.contains("unsafe"), "{policy}");
    }
    let text = page.text();
    assert!(!text.contains("http://www") && !text.contains("https://"), "{text}");
    for (_, rest) in text.match_indices("\"/console/").map(|(at, _)| text.split_at(at + 1)) {
        let path = rest.split('"').next().unwrap();
        let file = get(address, path);
        assert_eq!(file.status(), 200, "{path}");
        assert_eq!(file.head.one("x-content-type-options"), Some("nosniff"), "{path}");
    }
    assert_eq!(get(address, "/console/../token").status(), 404);
    let foreign = Client::connect(address)
        .exchange("GET / HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html\r\n\r\n");
    assert_eq!(foreign.status(), 403, "a name that points here");
}

/// With a token the page itself is open, so that it can ask for it, and nothing else is.
#[test]
fn the_page_can_ask_for_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "correct-horse-battery-staple\n").unwrap();
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let lines = format!("admin = \"127.0.0.1:0\"\nadmin_token_file = {file:?}");
    let gateway = Setup::to(&origin).gateway(&lines).start();
    let address = gateway.admin();
    assert_eq!(browse(address, "/", "").status(), 200);
    assert_eq!(get(address, "/console/main.js").status(), 200);
    for path in ["/api/v1/status", "/api/v1/requests", "/api/v1/series", "/api/v1/why?request=x"] {
        assert_eq!(browse(address, path, "").status(), 401, "{path}");
    }
}
