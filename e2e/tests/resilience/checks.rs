//! Active checks: servers are asked whether they are well, and the answer is followed.

use crate::load::Load;
use crate::moods::{Mood, Moody};
use crate::{server_is, start, upstream};
use tombolo_e2e::{Origin, Setup, eventually, scripts};

const CHECKS: &str = "health = { path = \"/health\", interval = \"100ms\", healthy = 2, unhealthy = 2 }\n\
                      ejection = false\nslow_start = \"0s\"";

fn servers() -> Vec<Moody> {
    (0..3).map(|_| Moody::start(Mood::Well)).collect()
}

fn setup(servers: &[Moody], lines: &str) -> Setup {
    Setup::to_all(servers.iter().map(|server| &server.origin)).upstream(lines)
}

/// A server that says it is not well gets no more requests, and gets them again when it is.
#[test]
fn what_a_server_says_of_itself_is_followed() {
    let servers = servers();
    let (gateway, admin) = start(setup(&servers, CHECKS));
    let load = Load::start(gateway.address(), 3);
    load.go_on(30);
    servers[0].feels(Mood::Modest);
    let told = server_is(admin, 0, &["down"]);
    assert_eq!(told["why"], "its checks fail: it answered with status 503");
    assert_eq!(told["last_check"]["failure"], "it answered with status 503");
    assert!(told["checks"]["failed"].as_u64() >= Some(2), "{told}");
    // What was under way when it went down may still come.
    load.go_on(20);
    let before = servers[0].taken();
    load.go_on(100);
    assert_eq!(servers[0].taken(), before);
    servers[0].feels(Mood::Well);
    server_is(admin, 0, &["up"]);
    load.go_on(100);
    assert!(servers[0].taken() > before + 20);
    load.stop_without_a_failure();
}

/// When all say that they are not well, all are asked all the same: better an answer than none.
#[test]
fn with_all_down_all_are_tried() {
    let servers = servers();
    servers.iter().for_each(|server| server.feels(Mood::Modest));
    let (gateway, admin) = start(setup(&servers, CHECKS));
    eventually("the upstream to fail open", || {
        (upstream(admin)["failing_open"] == true).then_some(())
    });
    gateway.stderr().wait_for("the log", |line| line.contains("no server is up").then_some(()));
    let load = Load::start(gateway.address(), 3);
    load.go_on(90);
    load.stop_without_a_failure();
    assert!(servers.iter().all(|server| server.taken() > 5), "all of them");
}

/// A server that says it cannot store gets reads alone, while another takes what writes.
#[test]
fn a_server_that_cannot_store_gets_reads_alone() {
    let servers = servers();
    let lines = CHECKS.replace("interval", "writes = \"/health/writes\", interval");
    let (gateway, admin) = start(setup(&servers, &lines));
    let why = |number: usize| upstream(admin)["backends"][number]["why"].clone();
    let cannot = |number: usize| {
        eventually("a check to show it", || {
            let why = why(number);
            (why.as_str()? == "requests that write go elsewhere: it answered with status 503")
                .then_some(())
        });
    };
    let send = |method: &str, count: usize| {
        let mut client = gateway.connect();
        for _ in 0..count {
            let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
            let text = format!("{method} / HTTP/1.1\r\nHost: e2e\r\n{length}\r\n");
            assert_eq!(client.exchange(text).status(), 200);
        }
    };
    servers[0].feels(Mood::Reading);
    cannot(0);
    assert_eq!(upstream(admin)["backends"][0]["state"], "up");
    let before = servers[0].taken();
    send("POST", 30);
    assert_eq!(servers[0].taken(), before, "no write");
    send("GET", 30);
    assert!(servers[0].taken() > before + 5, "but its share of the reads");
    // When none can store, what writes is passed on all the same: the server itself says no.
    servers[1..].iter().for_each(|server| server.feels(Mood::Reading));
    (0..3).for_each(cannot);
    send("POST", 10);
    servers[0].feels(Mood::Well);
    eventually("it to store again", || why(0).is_null().then_some(()));
    let before = servers[0].taken();
    send("POST", 10);
    assert_eq!(servers[0].taken(), before + 10);
}

/// The body counts, if that is asked for.
#[test]
fn a_body_without_the_words_is_a_failure() {
    let servers = servers();
    let lines = CHECKS.replace("interval", "body = \"great\", interval");
    let (_gateway, admin) = start(setup(&servers, &lines));
    let told = server_is(admin, 0, &["down"]);
    assert_eq!(told["why"], "its checks fail: its answer does not contain \"great\"");
    let lines = CHECKS.replace("interval", "body = \"fin\", interval");
    let (_gateway, admin) = start(setup(&servers, &lines));
    eventually("checks to succeed", || {
        let told = upstream(admin)["backends"][0].clone();
        (told["checks"]["succeeded"].as_u64() > Some(2)).then_some(())
    });
    assert_eq!(upstream(admin)["backends"][0]["state"], "up");
}

/// Servers of a `[[tcp]]` are checked by connecting, and passed over when they cannot be.
#[test]
fn servers_over_tcp_are_checked_by_connecting() {
    let mut origins: Vec<Origin> =
        (0..2).map(|_| Origin::start(scripts::answer(scripts::ok("ok")))).collect();
    let lines = "health = { tcp = true, interval = \"100ms\", unhealthy = 2 }";
    let tcp =
        "[[route]]\nupstream = \"app\"\n[[tcp]]\nlisten = \"127.0.0.1:0\"\nupstream = \"app\"";
    let (_gateway, admin) = start(Setup::to_all(&origins).upstream(lines).routes(tcp));
    origins[1].stop();
    let told = server_is(admin, 1, &["down"]);
    let why = told["why"].as_str().unwrap();
    assert!(why.starts_with("its checks fail: it cannot be connected to"), "{why}");
    assert_eq!(upstream(admin)["backends"][0]["state"], "up");
}

/// A reload changes how servers are checked, and takes back what checks said that are no more.
#[test]
fn a_reload_changes_the_checks() {
    let servers = servers();
    let setup = setup(&servers, CHECKS);
    let (gateway, admin) = start(setup.clone());
    servers[0].feels(Mood::Modest);
    server_is(admin, 0, &["down"]);
    let file = gateway.folder().join("tombolo.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let reload = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let request = format!(
            "POST /api/v1/reload HTTP/1.1\r\nContent-Type: application/json\r\nHost: {admin}\r\nContent-Length: 0\r\n\r\n"
        );
        let response = tombolo_e2e::Client::connect(admin).exchange(request);
        assert_eq!(response.status(), 200, "{}", response.text());
    };
    let lenient = text.replace("interval =", "status = [\"2xx\", \"503\"], interval =");
    reload(&lenient);
    server_is(admin, 0, &["up"]);
    reload(&text);
    server_is(admin, 0, &["down"]);
    let unchecked: Vec<&str> = text.lines().filter(|line| !line.starts_with("health")).collect();
    reload(&unchecked.join("\n"));
    server_is(admin, 0, &["up"]);
}
