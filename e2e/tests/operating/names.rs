//! Backends given by name: a name that does not resolve stops nothing, and heals by itself.

use std::fs;
use tombolo_e2e::{Origin, Setup, Tombolo, eventually, scripts};

#[test]
fn a_name_that_does_not_resolve_is_served_as_soon_as_it_does() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "127.0.0.1 localhost\n").expect("writable");
    let server = format!("later.tombolo.test:{}", origin.address().port());
    let text = Setup::to_addresses([server.as_str()]).text();
    fs::write(folder.path().join("t.toml"), text).expect("writable");
    let gateway = Tombolo::start_with_hosts(folder, &["gateway", "-c", "t.toml"]).listening();
    let answer = gateway.connect().get("/early");
    assert!([502, 503].contains(&answer.status()), "{:?}", answer.head);
    let record = gateway.wait_for_record("the failure", |record| record["target"] == "/early");
    let why = record["error"].as_str().expect("a reason");
    assert!(why.contains("later.tombolo.test") && why.contains("resolve"), "{why}");
    fs::write(&hosts, "127.0.0.1 localhost\n127.0.0.1 later.tombolo.test\n").expect("writable");
    let mut client = gateway.connect();
    let healed = eventually("the name to be found", || {
        Some(client.get("/")).filter(|answer| answer.status() == 200)
    });
    assert_eq!(healed.head.one("x-served-by"), Some(server.as_str()));
}

/// One name of two does not resolve: nobody notices.
#[test]
fn an_unresolved_server_is_passed_over() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let servers = ["nowhere.tombolo.invalid:80".to_owned(), origin.address().to_string()];
    let gateway = Setup::to_addresses(servers).start();
    let mut client = gateway.connect();
    for _ in 0..6 {
        assert_eq!(client.get("/").text(), "ok");
        let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(client.exchange(post).text(), "ok");
    }
}

#[test]
fn localhost_is_a_name_like_any_other() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to_addresses([format!("localhost:{}", origin.address().port())]).start();
    let mut client = gateway.connect();
    eventually("the name to be found", || (client.get("/").text() == "ok").then_some(()));
}
