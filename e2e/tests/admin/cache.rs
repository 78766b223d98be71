//! What is told of a cache, and that a purge reaches it.

use super::{get, json, post, start, status_when};
use std::net::SocketAddr;
use tombolo_e2e::{Foreign, Origin, Setup, Tombolo, eventually, scripts};

const ROUTES: &str = "[[route]]\npath = \"/\"\nupstream = \"app\"\n[cache]\nttl = \"60s\"";

fn caching() -> (Origin, Tombolo, SocketAddr) {
    let origin = Origin::start(scripts::answer(scripts::ok("cached")));
    let (gateway, admin) = start(Setup::to(&origin).routes(ROUTES));
    (origin, gateway, admin)
}

#[test]
fn hits_and_misses_are_told() {
    let (_origin, gateway, admin) = caching();
    let mut client = gateway.connect();
    for _ in 0..3 {
        assert_eq!(client.get("/page").text(), "cached");
    }
    let status = status_when(admin, "three requests and one object", |status| {
        status["requests"] == 3 && status["cache"]["objects"] == 1
    });
    assert_eq!(status["upstreams"][0]["backends"][0]["requests"], 1, "asked once: {status}");
    assert_eq!(status["upstreams"][0]["backends"][0]["attempts"]["answered"], 1, "{status}");
    assert_eq!(status["cache"]["hits"]["memory"], 2, "{status}");
    assert_eq!(status["cache"]["stores"], 1, "{status}");
    assert!(status["cache"]["writing"].is_null() && status["cache"]["reading"].is_null());
    let metrics = get(admin, "/metrics");
    for line in [
        "tombolo_cache_lookups_total{result=\"hit\"} 2",
        "tombolo_cache_lookups_total{result=\"uri-miss\"} 1",
        "tombolo_cache_trouble{operation=\"writing\"} 0",
        "tombolo_cache_objects 1",
    ] {
        assert!(metrics.text().lines().any(|one| one == line), "{line} in {}", metrics.text());
    }
    std::fs::write(gateway.folder().join("metrics.txt"), &metrics.body).unwrap();
    drop(Foreign::program("promtool", "prometheus"));
    let check = ["-c", "promtool check metrics < metrics.txt"];
    let checked = Foreign::program("sh", "dash").args(check).folder(gateway.folder()).run();
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn a_purge_is_in_force_when_it_is_answered() {
    let (origin, gateway, admin) = caching();
    let json_type = "Content-Type: application/json\r\n";
    let mut client = gateway.connect();
    let mut asked = 0;
    for body in [
        "{\"url\":\"HTTP://Example.ORG:80/page#part\"}",
        "{\"prefix\":\"http://example.org/pa\"}",
        "{\"prefix\":\"http://example.org\"}",
        "{\"all\":true}",
    ] {
        for _ in 0..2 {
            assert_eq!(client.get("/page").text(), "cached");
        }
        asked += 1;
        assert_eq!(origin.requests().len(), asked, "the second came from the cache");
        let answer = json(&post(admin, json_type, body));
        assert_eq!(answer["durable"], true, "{answer}");
    }
    client.get("/page");
    assert_eq!(origin.requests().len(), asked + 1);
}

#[test]
fn the_command_purges_too() {
    let (origin, gateway, admin) = caching();
    let mut client = gateway.connect();
    client.get("/page");
    let admin = admin.to_string();
    let arguments = ["purge", "http://example.org/page", "--admin", &admin];
    let told = Tombolo::run(gateway.folder(), &arguments);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(told.stdout, "purged: http://example.org/page\n");
    client.get("/page");
    assert_eq!(origin.requests().len(), 2);
    let told = Tombolo::run(gateway.folder(), &["status", "--admin", &admin]);
    assert!(told.stdout.contains("on disk"), "{told:?}");
}

/// The alarm: a folder that cannot be used is told at the top, and requests are served.
#[test]
fn a_cache_that_cannot_write_raises_the_alarm() {
    let origin = Origin::start(scripts::answer(scripts::ok("served")));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    let routes = format!("{ROUTES}\ndir = {:?}", file.join("cache"));
    let (gateway, admin) = start(Setup::to(&origin).routes(&routes));
    assert_eq!(gateway.connect().get("/page").text(), "served");
    status_when(admin, "trouble", |status| status["cache"]["writing"]["reason"].is_string());
    let admin = admin.to_string();
    let told = Tombolo::run(gateway.folder(), &["status", "--admin", &admin]);
    assert!(told.stdout.contains("CACHE TROUBLE, writing"), "{told:?}");
    let told = Tombolo::run(gateway.folder(), &["purge", "--all", "--admin", &admin]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("could not be written down"), "{told:?}");
    eventually("the alarm", || {
        let metrics = get(admin.parse().unwrap(), "/metrics").text();
        metrics.contains("tombolo_cache_trouble{operation=\"writing\"} 1\n").then_some(())
    });
}
