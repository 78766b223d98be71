//! The gateway of a `tombolo up` gives its place to another process of it: nobody notices but those
//! who look at its number.

use rustix::process::Signal;
use serde_json::Value;
use tombolo_e2e::{Client, eventually};

use crate::rollout::under_load;
use crate::surviving::Home;
use crate::{Up, is_there, json, signal, text};

fn gateway(up: &Up) -> Value {
    up.status()["gateway"].clone()
}

/// Waits until another process serves as the gateway.
fn another_than(up: &Up, before: &Value) -> Value {
    eventually("another gateway", || {
        // The one that is asked may just be giving its place away.
        let mut client = Client::connect(up.admin);
        client.send(format!("GET /api/v1/status HTTP/1.1\r\nHost: {}\r\n\r\n", up.admin));
        let now = json(&client.read_response().ok()?)["gateway"].clone();
        Some(now).filter(|now| now["pid"] != before["pid"] && now["state"] == "up")
    })
}

#[test]
fn restart_of_the_gateway_exchanges_it_and_fails_no_request() {
    let up = Up::start("");
    let before = gateway(&up);
    let load = under_load(&up, || {
        for _ in 0..2 {
            let told = up.run(&["restart", "gateway"]);
            assert_eq!(told.code, Some(0), "{told:?}");
            assert!(told.stdout.starts_with("done: restart of the gateway"), "{told:?}");
        }
    });
    assert_eq!(load.failed, Vec::<String>::new());
    assert!(load.requests > 50, "{}", load.requests);
    let after = gateway(&up);
    assert_ne!(before["pid"], after["pid"]);
    // It was no accident: nothing counts as a death.
    assert_eq!((&after["state"], &after["restarts"]), (&"up".into(), &0.into()));
    eventually("the end of the first", || (!is_there(&before["pid"])).then_some(()));
    // What it says is heard.
    let log = up.process.folder().join("tombolo-data/logs/gateway.log");
    let length = text(&log).len();
    up.process.signal(Signal::HUP);
    eventually("its words", || text(&log)[length..].contains("SIGHUP").then_some(()));
}

#[test]
fn successor_is_kept_and_ended_as_the_first_was() {
    let up = Up::start("");
    let first = gateway(&up);
    // By its own signal, too.
    signal(&first, Signal::USR2);
    let second = another_than(&up, &first);
    eventually("the end of the first", || (!is_there(&first["pid"])).then_some(()));
    signal(&second, Signal::KILL);
    up.process.stderr().wait_for_text("is back after");
    let third = gateway(&up);
    assert_ne!(third["pid"], second["pid"]);
    assert_eq!(Client::connect(up.gateway).get("/").text(), "the page");
    signal(&third, Signal::USR2);
    let fourth = another_than(&up, &third);
    let mut up = up;
    up.process.signal(Signal::TERM);
    assert_eq!(up.process.wait_for_exit().code(), Some(0), "{}", up.process.stderr().text());
    assert!(!is_there(&third["pid"]) && !is_there(&fourth["pid"]));
}

#[test]
fn successor_does_not_outlive_a_killed_orchestrator() {
    let mut up = Up::start("");
    let first = gateway(&up);
    signal(&first, Signal::USR2);
    let second = another_than(&up, &first);
    up.process.signal(Signal::KILL);
    up.process.wait_for_exit();
    eventually("the end of the successor", || (!is_there(&second["pid"])).then_some(()));
}

#[test]
fn successor_is_found_again_by_the_next_orchestrator() {
    let home = Home::new("[up]\nkeep = true\n");
    let mut up = home.up();
    let first = gateway(&up);
    assert_eq!(up.run(&["restart", "gateway"]).code, Some(0));
    let second = gateway(&up);
    assert_ne!(first["pid"], second["pid"]);
    up.process.signal(Signal::KILL);
    up.process.wait_for_exit();
    // Without an orchestrator nobody would watch over another.
    signal(&second, Signal::USR2);
    let up = home.up();
    assert_eq!(gateway(&up)["pid"], second["pid"]);
    assert_eq!(Client::connect(up.gateway).get("/").text(), "the page");
    let log = home.file("data/logs/gateway.log");
    eventually("why it was not replaced", || {
        text(&log).contains("the program was not replaced").then_some(())
    });
}

#[test]
fn gateway_goes_on_where_no_other_can_be_started() {
    let up = Up::start("");
    let before = gateway(&up);
    std::fs::write(up.process.folder().join("tombolo-data/run/gateway.toml"), "listen =").unwrap();
    let load = under_load(&up, || {
        let told = up.run(&["restart", "gateway"]);
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.stderr.contains("failed: restart of the gateway"), "{told:?}");
        assert!(told.stderr.contains("exit status: 2"), "{told:?}");
    });
    assert_eq!(load.failed, Vec::<String>::new());
    assert_eq!(gateway(&up)["pid"], before["pid"]);
}
