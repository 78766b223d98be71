//! Wrong input, and in which words it is refused. Exit 2 for wrong usage or configuration, 1 for
//! what the machine refuses.

use std::fs;
use std::path::Path;
use tombolo_e2e::{Finished, Origin, Setup, Tombolo, scripts};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn with_file(text: &str, arguments: &[&str]) -> Finished {
    let folder = folder();
    fs::write(folder.path().join("t.toml"), text).expect("writable");
    Tombolo::run(folder.path(), arguments)
}

fn origin() -> Origin {
    Origin::start(scripts::answer(scripts::ok("ok")))
}

const GOOD: &str = "[[upstream]]\nname = \"app\"\nservers = [\"127.0.0.1:9001\"]\n\
                    [[route]]\npath = \"/\"\nupstream = \"app\"\n";

const BAD: &str = "[gateway]\nlissen = [\"127.0.0.1:0\"]\nworkers = \"many\"\n\
                   [[upstream]]\nname = \"app\"\nservers = [\"nonsense\"]\npolicy = \"roundrobin\"\n\
                   [[route]]\npath = \"/\"\nupstream = \"ap\"\n";

#[test]
fn check_is_content_with_a_good_file() {
    let done = with_file(GOOD, &["check", "t.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[test]
fn check_tells_every_mistake_with_its_place() {
    let done = with_file(BAD, &["check", "t.toml"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let said = done.stdout + &done.stderr;
    for place in ["t.toml:2:", "t.toml:3:", "t.toml:6:", "t.toml:7:", "t.toml:10:"] {
        assert!(said.contains(place), "{place} in {said}");
    }
    for hint in ["listen", "round-robin", "app"] {
        assert!(said.contains(hint), "{hint} in {said}");
    }
    assert!(!said.contains('\u{1b}'), "no colour without a terminal");
}

#[test]
fn check_can_speak_json() {
    let done = with_file(BAD, &["check", "t.toml", "--json"]);
    assert_eq!(done.code, Some(2));
    let told: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(told["valid"], false);
    assert!(told["mistakes"].as_array().is_some_and(|all| all.len() >= 5), "{told}");
}

#[test]
fn the_gateway_refuses_a_bad_file_alike() {
    let done = with_file(BAD, &["gateway", "-c", "t.toml"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("t.toml:2:") && done.stderr.contains("listen"), "{}", done.stderr);
}

#[test]
fn keys_of_later_versions_are_named_as_such() {
    let done = with_file(&format!("[members]\nisland = \"home\"\n{GOOD}"), &["check", "t.toml"]);
    assert_eq!(done.code, Some(2));
    let said = done.stdout + &done.stderr;
    assert!(said.contains("not in this version yet"), "{said}");
}

#[test]
fn a_file_that_cannot_be_read() {
    for command in [&["check", "none.toml"][..], &["gateway", "-c", "none.toml"]] {
        let done = Tombolo::run(folder().path(), command);
        assert_eq!(done.code, Some(2), "{done:?}");
        let said = done.stdout + &done.stderr;
        assert!(said.contains("none.toml"), "{said}");
    }
    let here = folder();
    fs::create_dir(here.path().join("t.toml")).expect("a folder");
    let done = Tombolo::run(here.path(), &["check", "t.toml"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    fs::write(here.path().join("b.toml"), b"\xff\xfe not text").expect("writable");
    let done = Tombolo::run(here.path(), &["check", "b.toml"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("UTF-8") || done.stdout.contains("UTF-8"), "{done:?}");
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let command = ["gateway", "--upstream", "127.0.0.1:1", "--listen", &address];
    let done = Tombolo::run(folder().path(), &command);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains(&address), "{}", done.stderr);
    assert!(done.stderr.to_lowercase().contains("in use"), "{}", done.stderr);
}

/// Two gateways must not share a port by accident, although each of their threads does.
#[test]
fn a_second_gateway_does_not_creep_in_beside_the_first() {
    let origin = origin();
    let first = Setup::to(&origin).workers(2).start();
    let address = first.address().to_string();
    let command = ["gateway", "--upstream", "127.0.0.1:1", "--listen", &address];
    let done = Tombolo::run(folder().path(), &command);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.to_lowercase().contains("in use"), "{}", done.stderr);
}

#[test]
fn flags_alone_are_enough() {
    let origin = origin();
    let address = origin.address().to_string();
    let gateway = Tombolo::start(&[
        "gateway",
        "--upstream",
        &address,
        "--listen",
        "127.0.0.1:0",
        "--workers",
        "1",
        "--access-log",
        "mine.log",
    ])
    .listening();
    assert_eq!(gateway.connect().get("/flags").text(), "ok");
    let log = gateway.folder().join("mine.log");
    tombolo_e2e::eventually("the line in the file", || {
        fs::read_to_string(&log).ok().filter(|all| all.contains("/flags"))
    });
}

#[test]
fn flags_override_the_file() {
    let origin = origin();
    let here = folder();
    fs::write(here.path().join("t.toml"), GOOD).expect("writable");
    let address = origin.address().to_string();
    let arguments = ["gateway", "-c", "t.toml", "--listen", "127.0.0.1:0", "--upstream", &address];
    let gateway = Tombolo::start_in(here, &arguments).listening();
    assert_eq!(gateway.connect().get("/").text(), "ok");
}

#[test]
fn wrong_usage_is_exit_2_with_a_hint() {
    for arguments in [
        &["gatewya"][..],
        &["gateway", "--lisen", "127.0.0.1:0"],
        &["gateway", "--listen", "nonsense"],
        &["gateway", "--workers", "many", "--upstream", "127.0.0.1:1"],
        &["gateway"],
        &[],
    ] {
        let done = Tombolo::run(folder().path(), arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        assert!(!done.stderr.is_empty() && done.stdout.is_empty(), "{arguments:?}: {done:?}");
    }
}

#[test]
fn help_version_schema_and_completions_go_to_standard_output() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["gateway", "--help"],
        &["completions", "bash"],
        &["schema"],
    ] {
        let done = Tombolo::run(folder().path(), arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        assert!(!done.stdout.is_empty() && done.stderr.is_empty(), "{arguments:?}: {done:?}");
    }
    let schema = Tombolo::run(folder().path(), &["schema"]).succeeded();
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    assert!(schema["properties"]["gateway"].is_object(), "{schema}");
}

/// A configuration takes values from the environment.
#[test]
fn values_come_from_the_environment() {
    let here = folder();
    fs::write(here.path().join("t.toml"), GOOD.replace("127.0.0.1:9001", "${E2E_BACKEND}"))
        .expect("writable");
    let run = |value: Option<&str>| run_with(here.path(), value);
    assert_eq!(run(Some("127.0.0.1:9001")).code, Some(0));
    let done = run(None);
    assert_eq!(done.code, Some(2));
    assert!((done.stdout + &done.stderr).contains("E2E_BACKEND"));
}

fn run_with(folder: &Path, value: Option<&str>) -> Finished {
    Tombolo::run_with(folder, &["check", "t.toml"], value.map(|value| ("E2E_BACKEND", value)))
}
