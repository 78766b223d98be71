//! A configuration that cannot be meant, or cannot be had, changes nothing.

use crate::load::Load;
use crate::{Changing, json_of, origin};
use rustix::process::Signal;
use serde_json::json;
use tombolo_e2e::{Setup, Tombolo};

/// Two mistakes in one file, on lines that are known.
const BROKEN: &str = "[gateway]\nlisen = [\"127.0.0.1:0\"]\n[[upstream]]\nname = \"app\"\nservers = [\"127.0.0.1:9001\"]\n[[route]]\npath = \"/\"\nupstream = \"ap\"\n";

#[test]
fn a_file_with_mistakes_is_refused_with_all_of_them_while_traffic_goes_on() {
    let origin = origin("ok");
    let changing = Changing::start(&Setup::to(&origin).workers(2));
    let address = changing.gateway.address();
    let ((), load) = Load::during(address, 2, |load| {
        load.more(50);
        changing.write_text(BROKEN);
        let answer = changing.post("/api/v1/reload", &json!({}));
        assert_eq!(answer.status(), 422);
        assert_eq!(answer.head.one("content-type"), Some("application/problem+json"));
        let problem = json_of(&answer);
        let errors = problem["errors"].as_array().unwrap();
        let places: Vec<_> = errors.iter().map(|one| (&one["line"], &one["column"])).collect();
        assert_eq!(places, [(&json!(2), &json!(1)), (&json!(8), &json!(12))], "{problem:#}");
        assert!(errors.iter().all(|one| one["message"].is_string() && one["hint"].is_string()));
        assert!(problem["detail"].as_str().unwrap().contains("2 mistakes. Nothing has changed"));
        changing.gateway.signal(Signal::HUP);
        changing.gateway.stderr().wait_for_text("nothing has changed");
        changing.gateway.stderr().wait_for_text("tombolo.toml:8:12:");
        shown_as_refused(&changing);
        load.more(50);
    });
    load.expect_no_failure();
    // The file is mended: it is taken, and the failure has left nothing behind.
    let told = changing.reload(&Setup::to(&origin).workers(2).gateway("served_by = false"));
    assert_eq!(told["changes"].as_array().unwrap().len(), 1, "{told:#}");
    let last = &changing.status()["reload"];
    assert_eq!((&last["successful"], &last["changes"]), (&json!(true), &json!(1)), "{last:#}");
    let metrics = changing.metrics();
    assert!(metrics.contains("\ntombolo_config_last_reload_successful 1\n"), "{metrics}");
}

/// A reload that a signal asked for has nobody who is answered: status and metrics have to tell.
fn shown_as_refused(changing: &Changing) {
    let last = &changing.status()["reload"];
    assert_eq!((&last["successful"], &last["changes"]), (&json!(false), &json!(null)), "{last:#}");
    let why = last["why"].as_str().unwrap();
    assert!(why.contains("tombolo.toml:2:1: ") && why.contains("1 more mistake"), "{why}");
    let admin = changing.admin.to_string();
    let told = Tombolo::run(changing.gateway.folder(), &["status", "--admin", &admin]);
    assert!(told.stdout.contains("RELOAD REFUSED") && told.stdout.contains(why), "{told:?}");
    let metrics = changing.metrics();
    assert!(metrics.contains("\ntombolo_config_last_reload_successful 0\n"), "{metrics}");
    assert!(metrics.contains("\ntombolo_config_last_reload_timestamp_seconds 1"), "{metrics}");
}

#[test]
fn an_address_that_is_taken_refuses_all_of_it() {
    let (origin, other) = (origin("ok"), origin("other"));
    let changing = Changing::start(&Setup::to(&origin));
    let taken = other.address();
    let text = Setup::to(&other).gateway("admin = \"127.0.0.1:0\"").text();
    let listen = format!("[\"127.0.0.1:0\", \"127.0.0.1:0\", \"{taken}\"]");
    changing.write_text(&text.replace("[\"127.0.0.1:0\"]", &listen));
    let answer = changing.post("/api/v1/reload", &json!({}));
    assert_eq!(answer.status(), 409);
    let detail = json_of(&answer)["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains(&taken.to_string()) && detail.contains("Nothing has changed"),
        "{detail}"
    );
    assert_eq!(changing.gateway.connect().get("/").text(), "ok", "the servers are the old ones");
    assert_eq!(changing.status()["listeners"].as_array().unwrap().len(), 1);
}

#[test]
fn without_a_file_there_is_nothing_to_reload() {
    let origin = origin("ok");
    let upstream = origin.address().to_string();
    let flags = ["--upstream", &upstream, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let gateway = Tombolo::start(&[&["gateway"], &flags[..]].concat()).listening();
    let admin = gateway.admin();
    let changing = Changing { gateway, admin };
    assert_eq!(changing.post("/api/v1/reload", &json!({})).status(), 409);
    changing.gateway.signal(Signal::HUP);
    changing.gateway.stderr().wait_for_text("access log reopened");
    changing.gateway.stderr().wait_for_text("nothing to reload");
    assert_eq!(changing.gateway.connect().get("/").text(), "ok");
}
