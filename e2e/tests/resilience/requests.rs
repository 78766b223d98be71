//! What requests show without any check: ejection, probes, and the way back.

use crate::load::Load;
use crate::moods::{Mood, Moody};
use crate::{server_is, start, upstream};
use tombolo_e2e::{Setup, eventually};

/// Short times, so that a test sees the way out and back.
const EJECTION: &str = "ejection = { failures = 3, time = \"500ms\" }\nslow_start = \"200ms\"";

fn servers() -> Vec<Moody> {
    (0..3).map(|_| Moody::start(Mood::Well)).collect()
}

fn setup(servers: &[Moody], lines: &str) -> Setup {
    Setup::to_all(servers.iter().map(|server| &server.origin)).workers(2).upstream(lines)
}

/// A server that answers 500 is left out after three of them, and comes back when it is well.
#[test]
fn a_server_that_answers_errors_is_left_out_and_comes_back() {
    let servers = servers();
    let (gateway, admin) = start(setup(&servers, EJECTION));
    let load = Load::start(gateway.address(), 4);
    load.go_on(60);
    servers[1].feels(Mood::Errors);
    let told = server_is(admin, 1, &["ejected"]);
    let why = told["why"].as_str().unwrap();
    assert!(why.ends_with("its peers do better: it answered with an error status"), "{why}");
    assert!(told["attempts"]["failed"].as_u64() >= Some(3), "what ejects counts: {told}");
    assert!(told["since"].is_string() && told["ejections"].as_u64() >= Some(1), "{told}");
    // While it is out it is asked by a probe now and then at most.
    let before = servers[1].taken();
    load.go_on(300);
    assert!(servers[1].taken() - before <= 9, "{} requests", servers[1].taken() - before);
    servers[1].feels(Mood::Well);
    server_is(admin, 1, &["up"]);
    eventually("its whole share", || {
        (upstream(admin)["backends"][1]["share"] == 1.0).then_some(())
    });
    let before = servers[1].taken();
    load.go_on(300);
    assert!(servers[1].taken() - before > 50, "it has its share again");
    let outcomes = load.stop();
    // What came in the time it took to notice, and the probes that failed, was asked for elsewhere.
    assert!(outcomes.len() == 1 && outcomes.contains_key("200"), "{outcomes:?}");
}

/// A server that takes a second is given up after a third of that: others answer, and it is left out.
#[test]
fn a_slow_server_costs_time_but_no_request() {
    let servers = servers();
    let lines = format!("{EJECTION}\ntimeouts = {{ first_byte = \"300ms\", total = \"8s\" }}");
    let (gateway, admin) = start(setup(&servers, &lines));
    let load = Load::start(gateway.address(), 4);
    load.go_on(60);
    servers[2].feels(Mood::Slow);
    let told = server_is(admin, 2, &["ejected"]);
    assert!(told["why"].as_str().unwrap().contains("did not answer in time"), "{told}");
    load.go_on(200);
    servers[2].feels(Mood::Well);
    server_is(admin, 2, &["up"]);
    load.stop_without_a_failure();
}

/// When no server answers, most are left out and one never is: somebody has to answer.
#[test]
fn the_last_server_is_never_left_out() {
    let servers = servers();
    let (gateway, admin) = start(setup(&servers, "ejection = { failures = 3, time = \"1h\" }"));
    servers.iter().for_each(|server| server.feels(Mood::Mute));
    let load = Load::start(gateway.address(), 4);
    eventually("two to be ejected", || (ejected(admin) == 2).then_some(()));
    load.go_on(200);
    assert_eq!(ejected(admin), 2);
    assert_eq!(upstream(admin)["failing_open"], false);
    assert_eq!(load.stop().into_keys().collect::<Vec<_>>(), ["502"]);
}

/// How many servers are left out.
fn ejected(admin: std::net::SocketAddr) -> usize {
    let told = upstream(admin);
    let backends = told["backends"].as_array().unwrap();
    backends.iter().filter(|server| server["state"] == "ejected").count()
}

/// When all answer errors alike, the fault is not a server's: nobody is left out.
#[test]
fn with_all_answering_errors_nobody_is_left_out() {
    let servers = servers();
    let (gateway, admin) = start(setup(&servers, "ejection = { failures = 3, time = \"1h\" }"));
    servers.iter().for_each(|server| server.feels(Mood::Errors));
    let load = Load::start(gateway.address(), 4);
    load.go_on(400);
    assert_eq!(ejected(admin), 0);
    assert_eq!(load.stop().into_keys().collect::<Vec<_>>(), ["500"]);
}

/// Who wants no ejection has none.
#[test]
fn ejection_can_be_turned_off() {
    let servers = servers();
    let (gateway, admin) = start(setup(&servers, "ejection = false\nretry_on = []"));
    servers[0].feels(Mood::Errors);
    let load = Load::start(gateway.address(), 2);
    load.go_on(300);
    assert_eq!(upstream(admin)["backends"][0]["state"], "up");
    assert!(load.stop()["500"] > 50);
}
