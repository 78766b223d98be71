//! Killed without a word and started again, the gateway goes on with what it knew of servers.

use crate::load::Load;
use crate::moods::{Mood, Moody};
use crate::{administered, server_is, start, upstream};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use tombolo_e2e::{Client, Setup, Tombolo, eventually};

const FILE: &str = "gateway-state.json";

fn servers() -> Vec<Moody> {
    (0..3).map(|_| Moody::start(Mood::Well)).collect()
}

fn setup(servers: &[Moody], lines: &str) -> Setup {
    Setup::to_all(servers.iter().map(|server| &server.origin)).workers(2).upstream(lines)
}

/// Kills the gateway and starts it again in the same folder.
fn restarted(gateway: Tombolo) -> (Tombolo, SocketAddr) {
    let arguments = ["gateway", "-c", "tombolo.toml"];
    administered(gateway.killed_and_started(&arguments).listening())
}

/// Waits until the gateway has written down what is wanted.
fn written(gateway: &Tombolo, words: &str) -> Value {
    eventually(&format!("{words} in the file"), || {
        let text = std::fs::read_to_string(gateway.folder().join(FILE)).ok()?;
        text.contains(words).then(|| serde_json::from_str(&text).expect("never half a file"))
    })
}

fn post(admin: SocketAddr, path: &str, body: &Value) {
    let (body, head) = (body.to_string(), "Content-Type: application/json");
    let length = body.len();
    let answer = Client::connect(admin).exchange(format!(
        "POST {path} HTTP/1.1\r\nHost: {admin}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    assert_eq!(answer.status(), 200, "{}", answer.text());
}

fn backend(admin: SocketAddr, server: usize) -> Value {
    upstream(admin)["backends"][server].clone()
}

/// Everything of a state a process before may have left, as a gateway of this version writes it.
fn left_behind(folder: &Path, written: &str, servers: &Value) {
    // In this order, as it is written: its beginning tells what it is.
    let text = format!(
        "{{\"format\":\"tombolo-gateway-state\",\"version\":1,\"written\":{written:?},\
         \"upstreams\":[{{\"name\":\"app\",\"servers\":{servers}}}]}}\n"
    );
    std::fs::write(folder.join(FILE), text).unwrap();
}

/// A gateway in a folder in which a file was left.
fn begun_with(setup: Setup, leave: impl FnOnce(&Path)) -> Tombolo {
    let folder = tempfile::tempdir().unwrap();
    let text = setup.gateway("admin = \"127.0.0.1:0\"").text();
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    leave(folder.path());
    Tombolo::start_in(folder, &["gateway", "-c", "tombolo.toml"]).listening()
}

#[test]
fn an_ejected_server_gets_nothing_until_its_time_is_over() {
    let servers = servers();
    let lines = "ejection = { failures = 3, time = \"8s\" }\nslow_start = \"0s\"";
    let (gateway, admin) = start(setup(&servers, lines));
    servers[1].feels(Mood::Errors);
    let load = Load::start(gateway.address(), 2);
    let before = server_is(admin, 1, &["ejected"]);
    assert_eq!((&before["circuit"], &before["recalled"]), (&json!("open"), &Value::Null));
    load.stop();
    written(&gateway, "\"stage\":\"out\"");
    servers[1].feels(Mood::Well);
    let taken = servers[1].taken();
    let (gateway, admin) = restarted(gateway);
    let after = backend(admin, 1);
    for member in ["state", "circuit", "since", "ejected_until"] {
        assert_eq!(after[member], before[member], "{member}: {after}");
    }
    let (why, was) = (after["why"].as_str().unwrap(), before["why"].as_str().unwrap());
    assert!(why.starts_with(was) && why.contains("known from before the restart"), "{why}");
    let load = Load::start(gateway.address(), 2);
    load.go_on(50);
    let asked = servers[1].taken();
    assert_eq!(backend(admin, 1)["circuit"], "open", "its time is not over");
    assert_eq!(asked, taken, "nobody asked it");
    let up = server_is(admin, 1, &["up"]);
    assert_eq!((&up["circuit"], &up["why"]), (&json!("closed"), &Value::Null));
    assert!(servers[1].taken() > asked, "it was tried before it was back");
    load.go_on(50);
    load.stop_without_a_failure();
}

#[test]
fn a_drained_server_stays_drained_until_somebody_takes_that_back() {
    let servers = servers();
    let (gateway, admin) = start(setup(&servers, ""));
    let order = json!({"upstream": "app", "server": servers[0].origin.address().to_string()});
    post(admin, "/api/v1/drain", &order);
    written(&gateway, "\"lasting\":true");
    let (gateway, admin) = restarted(gateway);
    let told = backend(admin, 0);
    let why = told["why"].as_str().unwrap();
    assert_eq!(told["state"], "draining");
    assert!(why.starts_with("an operator drains it (known from before the restart, "), "{why}");
    let load = Load::start(gateway.address(), 2);
    load.go_on(100);
    assert_eq!(servers[0].taken(), 0);
    load.stop_without_a_failure();
    post(admin, "/api/v1/undrain", &order);
    eventually("the drain to be forgotten", || {
        let text = std::fs::read_to_string(gateway.folder().join(FILE)).ok()?;
        (!text.contains("draining\":{")).then_some(())
    });
    let (_gateway, admin) = restarted(gateway);
    assert_eq!(backend(admin, 0)["state"], "up");
}

/// A drain of a whole upstream lasts; one that is said not to does not.
#[test]
fn a_drained_upstream_stays_drained_and_a_brief_drain_does_not_last() {
    let servers = servers();
    let (gateway, admin) = start(setup(&servers, ""));
    let server = servers[0].origin.address().to_string();
    post(admin, "/api/v1/drain", &json!({"upstream": "app", "server": server, "lasting": false}));
    written(&gateway, "\"lasting\":false");
    let (gateway, admin) = restarted(gateway);
    assert_eq!(backend(admin, 0)["state"], "up");
    post(admin, "/api/v1/drain", &json!({"upstream": "app"}));
    written(&gateway, "\"drained\":true");
    let (gateway, admin) = restarted(gateway);
    assert_eq!(gateway.connect().get("/").status(), 503);
    post(admin, "/api/v1/undrain", &json!({"upstream": "app"}));
    assert_eq!(gateway.connect().get("/").status(), 200);
}

/// It would have been taken for one that is well until its checks had failed again.
#[test]
fn a_server_that_was_down_gets_nothing_before_its_checks_succeed() {
    let servers = servers();
    let lines = "health = { path = \"/health\", interval = \"1s\", timeout = \"500ms\" }";
    servers[2].feels(Mood::Modest);
    let (gateway, admin) = start(setup(&servers, lines));
    server_is(admin, 2, &["down"]);
    written(&gateway, "\"down\":{");
    let taken = servers[2].taken();
    let (gateway, admin) = restarted(gateway);
    let load = Load::start(gateway.address(), 4);
    let told = backend(admin, 2);
    assert_eq!(told["state"], "down", "{told}");
    eventually("a check to confirm it", || backend(admin, 2)["recalled"].is_null().then_some(()));
    let told = backend(admin, 2);
    assert!(!told["why"].as_str().unwrap().contains("before the restart"), "{told}");
    load.go_on(200);
    assert_eq!((&backend(admin, 2)["state"], servers[2].taken()), (&json!("down"), taken));
    servers[2].feels(Mood::Well);
    server_is(admin, 2, &["up"]);
    load.stop_without_a_failure();
}

/// What was so long ago says nothing of now; an order holds.
#[test]
fn what_is_old_is_passed_over_but_drains() {
    let servers = servers();
    let address = |server: usize| servers[server].origin.address().to_string();
    let why = "5 requests in a row failed";
    let ejection =
        json!({"why": why, "length_ms": 5000, "stage": "out", "until": "2999-01-01T00:00:00Z"});
    let left = json!([
        {"address": address(0), "ejection": ejection},
        {"address": address(1), "draining": {"why": "an operator drains it", "lasting": true}},
        {"address": "gone.example:80", "ejection": ejection},
    ]);
    let gateway = begun_with(setup(&servers, ""), |folder| {
        left_behind(folder, "2020-01-01T00:00:00Z", &left);
    });
    gateway.stderr().wait_for_text("known from before the restart");
    let (gateway, admin) = administered(gateway);
    assert_eq!(backend(admin, 0)["state"], "up");
    assert_eq!(backend(admin, 1)["state"], "draining");
    let load = Load::start(gateway.address(), 2);
    load.go_on(100);
    assert!(servers[0].taken() > 0 && servers[1].taken() == 0);
    load.stop_without_a_failure();
}

/// Whatever lies there, the gateway starts, says so once, and serves.
#[test]
fn a_file_of_no_use_is_told_and_passed_over() {
    let whole = "{\"format\":\"tombolo-gateway-state\",\"version\":1,";
    for (left, words) in [
        (whole.to_owned(), "the state of servers from before the start cannot be read"),
        (String::new(), "the state of servers from before the start cannot be read"),
        (whole.replace(":1,", ":9,\"x\":1}"), "it is of version 9"),
        (
            format!("{whole}\"written\":7}}"),
            "the state of servers from before the start cannot be read",
        ),
        (format!("{whole}{}", " ".repeat(5 << 20)), "it has more than 4194304 bytes"),
        ("{\"a\": \"list of friends\"}".to_owned(), "was not written by a gateway"),
    ] {
        let servers = servers();
        let file = left.clone();
        let gateway = begun_with(setup(&servers, ""), |folder| {
            std::fs::write(folder.join(FILE), file).unwrap();
        });
        gateway.stderr().wait_for_text(words);
        let (gateway, admin) = administered(gateway);
        assert_eq!(gateway.connect().get("/").status(), 200);
        post(admin, "/api/v1/drain", &json!({"upstream": "app"}));
        if words.contains("not written") {
            // Somebody else's: it is never written over.
            post(admin, "/api/v1/undrain", &json!({"upstream": "app"}));
            let (gateway, _) = restarted(gateway);
            assert_eq!(std::fs::read_to_string(gateway.folder().join(FILE)).unwrap(), left);
        } else {
            written(&gateway, "\"drained\":true");
            let said = gateway.stderr().text();
            assert_eq!(said.matches(" WARN ").count(), 1, "{said}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_no_reason_not_to_serve() {
    let servers = servers();
    let setup = setup(&servers, "").gateway("state_file = \"/etc/gateway-state.json\"");
    let setup = setup.gateway("admin = \"127.0.0.1:0\"");
    let gateway = Tombolo::gateway_unprivileged(&setup.text());
    gateway.stderr().wait_for_text("will be forgotten at a restart: Permission denied");
    let (gateway, admin) = administered(gateway);
    post(admin, "/api/v1/drain", &json!({"upstream": "app"}));
    assert_eq!(gateway.connect().get("/").status(), 503);
    let said = gateway.stderr().text();
    assert_eq!(said.matches("will be forgotten").count(), 1, "{said}");
}

/// Who wants none has none, and where all is well there is nothing to write.
#[test]
fn no_file_is_written_without_need() {
    let servers = servers();
    for (lines, drains) in [("state_file = false", true), ("", false)] {
        let (gateway, admin) = start(setup(&servers, "").gateway(lines));
        if drains {
            post(admin, "/api/v1/drain", &json!({"upstream": "app"}));
        }
        let (mut gateway, _) = administered(gateway);
        gateway.signal(rustix::process::Signal::TERM);
        assert!(gateway.wait_for_exit().success());
        let names = std::fs::read_dir(gateway.folder()).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["tombolo.toml"], "{lines}");
    }
}
