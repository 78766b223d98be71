//! Who may ask: with a token file, whoever has it; without one, this machine, but no web page.

use super::{get, json, post, problem, start};
use std::net::SocketAddr;
use tombolo_e2e::{Client, Origin, Response, Setup, Tombolo, scripts};

const TOKEN: &str = "correct-horse-battery-staple";
const JSON: &str = "Content-Type: application/json\r\n";

fn guarded() -> (Origin, Tombolo, SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let lines = format!("admin = \"127.0.0.1:0\"\nadmin_token_file = {file:?}");
    let gateway = Setup::to(&origin).gateway(&lines).start();
    let address = gateway.admin();
    (origin, gateway, address, folder)
}

fn get_with(address: SocketAddr, path: &str, fields: &str) -> Response {
    Client::connect(address).exchange(format!("GET {path} HTTP/1.1\r\n{fields}\r\n"))
}

#[test]
fn a_token_file_asks_for_the_token_everywhere() {
    let (_origin, gateway, address, _folder) = guarded();
    for path in ["/", "/metrics", "/api/v1/status", "/nowhere"] {
        let refused = get(address, path);
        assert!(problem(&refused, 401).contains("Authorization: Bearer"), "{path}");
        assert_eq!(refused.head.one("www-authenticate"), Some("Bearer realm=\"tombolo\""));
        for wrong in ["Bearer correct-horse-battery-stapl", "Basic Og==", "Bearer", "Bearer \u{e9}"]
        {
            let fields = format!("Host: {address}\r\nAuthorization: {wrong}\r\n");
            problem(&get_with(address, path, &fields), 401);
        }
        let twice =
            format!("Host: x\r\nAuthorization: Bearer {TOKEN}\r\nAuthorization: Bearer x\r\n");
        problem(&get_with(address, path, &twice), 401);
    }
    let fields = format!("{JSON}Authorization: Bearer wrong-wrong-wrong-wrong\r\n");
    problem(&post(address, &fields, "{\"all\":true}"), 401);
    let fields = format!("Host: any.example\r\nAuthorization: bearer {TOKEN}\r\n");
    let told = json(&get_with(address, "/api/v1/status", &fields));
    assert_eq!(told["pid"], gateway.pid(), "with the token any name will do");
    assert!(!gateway.stderr().text().contains(TOKEN), "no log shows it");
}

#[test]
fn probes_need_no_token() {
    let (_origin, _gateway, address, _folder) = guarded();
    assert_eq!(get(address, "/healthz").text(), "ok\n");
    assert_eq!(get(address, "/readyz").text(), "ready\n");
}

/// Connections of strangers take no place that a probe or the operator needs.
#[test]
fn silent_connections_and_readers_that_stop_give_way() {
    let (_origin, _gateway, address, _folder) = guarded();
    let mut strangers: Vec<Client> = (0..80).map(|_| Client::connect(address)).collect();
    for stranger in strangers.iter_mut().step_by(2) {
        stranger.try_send("GET /console/main.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(8));
    }
    assert_eq!(get(address, "/healthz").text(), "ok\n");
    let fields = format!("Host: x\r\nAuthorization: Bearer {TOKEN}\r\n");
    assert_eq!(get_with(address, "/api/v1/status", &fields).status(), 200);
    let mut operator = Client::connect(address);
    let ask = format!("GET /api/v1/status HTTP/1.1\r\n{fields}\r\n");
    assert_eq!(operator.exchange(&ask).status(), 200);
    strangers.extend((0..80).map(|_| Client::connect(address)));
    assert_eq!(operator.exchange(&ask).status(), 200, "who was allowed to ask stays");
}

#[test]
fn a_health_check_in_http_1_0_needs_no_host() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let mut probe = Client::connect(address);
    probe.send("GET /readyz HTTP/1.0\r\n\r\n");
    assert_eq!(probe.read_response().expect("an answer").status(), 200);
    assert_eq!(get_with(address, "/readyz", "").status(), 403, "HTTP/1.1 needs one");
}

#[test]
fn a_token_that_is_none_keeps_it_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("short"), "guess me").unwrap();
    for (file, words) in [("missing", "cannot read the admin token"), ("short", "16 characters")] {
        let lines = format!("admin = \"127.0.0.1:0\"\nadmin_token_file = \"{file}\"");
        let text = Setup::to_addresses(["127.0.0.1:9"]).gateway(&lines).text();
        std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
        let ended = Tombolo::run(folder.path(), &["gateway", "-c", "tombolo.toml"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(words) && !ended.stderr.contains("guess me"), "{ended:?}");
    }
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["gateway", "--upstream", "127.0.0.1:9", "--listen", "127.0.0.1:0", "--admin", &address];
    let ended = Tombolo::run(folder.path(), &arguments);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&address) && ended.stderr.contains("--admin"), "{ended:?}");
}

/// DNS rebinding: the page's name points to 127.0.0.1, and the browser sends that name.
#[test]
fn a_name_that_points_here_is_refused() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let port = address.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "localhost.evil.example".to_owned(),
    ] {
        for path in ["/api/v1/status", "/metrics", "/healthz", "/"] {
            let refused = get_with(address, path, &format!("Host: {host}\r\n"));
            assert!(problem(&refused, 403).contains("localhost"), "{host}");
        }
    }
    for target in ["/healthz".to_owned(), format!("http://evil.example:{port}/healthz")] {
        let fields =
            if target.starts_with('/') { String::new() } else { format!("Host: {address}\r\n") };
        problem(&get_with(address, &target, &fields), 403);
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")]
    {
        assert_eq!(get_with(address, "/healthz", &format!("Host: {host}\r\n")).status(), 200);
    }
}

/// CSRF: a page of elsewhere posts a form, or fetches with `no-cors`.
#[test]
fn a_page_of_elsewhere_changes_nothing() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let all = "{\"all\":true}";
    for from in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let refused = post(address, &format!("{JSON}Origin: {from}\r\n"), all);
        assert!(problem(&refused, 403).contains("origin"), "{from}");
    }
    for kind in
        ["", "Content-Type: text/plain\r\n", "Content-Type: multipart/form-data; boundary=x\r\n"]
    {
        assert!(problem(&post(address, kind, all), 415).contains("application/json"), "{kind}");
    }
    let own = format!("{JSON}Origin: http://{address}\r\n");
    problem(&post(address, &own, all), 409);
    let preflight = format!(
        "OPTIONS /api/v1/purge HTTP/1.1\r\nHost: {address}\r\nOrigin: http://evil.example\r\n\
         Access-Control-Request-Method: POST\r\n\r\n"
    );
    let answer = Client::connect(address).exchange(preflight);
    assert!(answer.status() >= 400, "{answer:?}");
    assert!(!answer.head.has("access-control-allow-origin"));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    assert!(problem(&get(address, "/api/v2/status"), 404).contains("GET /"));
    assert!(get(address, "/").text().contains("/api/v1/purge"));
    let wrong = get(address, "/api/v1/purge");
    problem(&wrong, 405);
    assert_eq!(wrong.head.one("allow"), Some("POST"));
    let request = format!("DELETE /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let wrong = Client::connect(address).exchange(request);
    problem(&wrong, 405);
    assert_eq!(wrong.head.one("allow"), Some("GET,HEAD"));
}

#[test]
fn heads_and_bodies_have_limits() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let body = format!("{{\"tag\":\"{}\"}}", "x".repeat(70_000));
    assert!(problem(&post(address, JSON, &body), 413).contains("65536"));
    let mut client = Client::connect(address);
    client.try_send(format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nX: {}\r\n\r\n",
        "x".repeat(20_000)
    ));
    assert_eq!(client.read_response().map_or(431, |answer| answer.status()), 431);
    assert_eq!(get(address, "/healthz").status(), 200, "it goes on");
}

/// 64 connections that were allowed to ask hold the places; the next is served as soon as one ends.
#[test]
fn connections_have_a_limit_and_wait_for_a_place() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, address) = start(Setup::to(&origin));
    let mut silent: Vec<Client> = (0..64).map(|_| Client::connect(address)).collect();
    for client in &mut silent {
        client.send(format!("GET /api/v1/series HTTP/1.1\r\nHost: {address}\r\n\r\n"));
        client.read_response().unwrap();
    }
    let mut waiting = Client::connect(address);
    waiting.send(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert!(waiting.quiet_for(std::time::Duration::from_millis(100)), "there is no place for it");
    silent.pop();
    assert_eq!(waiting.read_response().unwrap().status(), 200);
}
