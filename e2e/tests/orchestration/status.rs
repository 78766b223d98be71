//! What the status tells of replicas, and what a gateway answers that runs alone.

use rustix::process::Signal;
use tombolo_e2e::{Client, Origin, Setup, Tombolo, scripts};

use crate::{Up, json, signal};

#[test]
fn replicas_are_told_with_pid_memory_files_and_restarts() {
    let up = Up::start("");
    let status = up.status();
    assert_eq!(status["orchestrator"]["pid"], up.process.pid());
    assert_eq!(status["operation"], serde_json::Value::Null);
    let site = &status["services"][0];
    assert_eq!((&site["name"], &site["replicas"]), (&"site".into(), &2.into()));
    assert_eq!((&site["configured"], &site["up"]), (&2.into(), &2.into()));
    for process in site["processes"].as_array().unwrap() {
        assert_eq!((&process["state"], &process["why"]), (&"up".into(), &serde_json::Value::Null));
        let pid = process["pid"].as_u64().unwrap();
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(command.contains(process["name"].as_str().unwrap()), "{command}");
        assert!(process["memory_bytes"].as_u64().unwrap() > 1 << 20, "{process}");
        assert!(process["open_files"].as_u64().unwrap() > 3, "{process}");
        assert_eq!(
            (&process["restarts"], &process["last_exit"]),
            (&0.into(), &serde_json::Value::Null)
        );
        assert!(process["since"].as_str().unwrap().ends_with('Z'), "{process}");
        let url = process["addresses"][0].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().parse().unwrap();
        assert_eq!(Client::connect(address).get("/").text(), "the page");
    }
    let first = up.process("site-1");
    signal(&first, Signal::KILL);
    let again = tombolo_e2e::eventually("site-1 to be back", || {
        let process = up.process("site-1");
        (process["state"] == "up" && process["pid"] != first["pid"]).then_some(process)
    });
    assert_eq!(again["restarts"], 1);
    let metrics = Client::connect(up.admin)
        .exchange(format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", up.admin))
        .text();
    let of = |name: &str, labels: &str| {
        let series = format!("{name}{{service=\"site\",replica=\"site-1\"{labels}}} ");
        let value = metrics.lines().find_map(|line| line.strip_prefix(&series));
        let value = value.unwrap_or_else(|| panic!("{series} in {metrics}"));
        value.parse::<f64>().unwrap()
    };
    assert_eq!(of("tombolo_replica_restarts_total", ""), 1.0);
    assert_eq!(of("tombolo_replica_state", ",state=\"up\""), 1.0);
    assert_eq!(of("tombolo_replica_state", ",state=\"failed\""), 0.0);
    assert!(of("tombolo_replica_resident_memory_bytes", "") > f64::from(1 << 20));
    assert!(of("tombolo_replica_open_fds", "") > 3.0);
    assert!(metrics.contains("\ntombolo_orchestrator_up 1\n"), "{metrics}");
    assert!(metrics.contains("\ntombolo_service_replicas{service=\"site\"} 2\n"), "{metrics}");
    let how = again["last_exit"]["how"].as_str().unwrap();
    assert!(how.contains("signal 9 (SIGKILL"), "{how}");
    let told = up.run(&["status"]);
    for words in ["REPLICA", "site-1", "MiB", "http://127.0.0.1:"] {
        assert!(told.stdout.contains(words), "{words} in {}", told.stdout);
    }
}

#[test]
fn names_that_are_not_there_and_numbers_out_of_range_are_refused_with_the_next_step() {
    let up = Up::start("");
    let sites = up.post("/api/v1/scale", r#"{"service":"sites","replicas":3}"#);
    assert_eq!(sites.status(), 422);
    assert!(json(&sites)["detail"].as_str().unwrap().contains("Services: site"), "{sites:?}");
    for (path, body) in [
        ("/api/v1/scale", r#"{"service":"site","replicas":0}"#),
        ("/api/v1/scale", r#"{"service":"site","replicas":65}"#),
        ("/api/v1/restart", r#"{"replica":"gateway-2"}"#),
        ("/api/v1/restart", r#"{"replica":"site-3"}"#),
    ] {
        assert_eq!(up.post(path, body).status(), 422, "{body}");
    }
    let told = up.run(&["restart", "nobody"]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("There is no service or replica \"nobody\""), "{told:?}");
}

#[test]
fn gateway_alone_says_that_it_is() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).gateway("admin = \"127.0.0.1:0\"").start();
    let admin = gateway.admin();
    let told =
        Tombolo::run(gateway.folder(), &["scale", "site", "3", "--admin", &admin.to_string()]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("runs alone") && told.stderr.contains("tombolo up"), "{told:?}");
    let status = Client::connect(admin)
        .exchange(format!("GET /api/v1/status HTTP/1.1\r\nHost: {admin}\r\n\r\n"));
    assert_eq!(json(&status)["services"], serde_json::Value::Null);
}

#[test]
fn children_have_no_variable_that_they_do_not_need() {
    // This test's own environment has those that cargo sets, and `up` was given all of them.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let known = [
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TOMBOLO_LOG",
        "TOMBOLO_LOG_FORMAT",
        "RUST_BACKTRACE",
    ];
    let given = ["TOMBOLO_STARTED_BY", "TOMBOLO_LIFELINE", "NOTIFY_SOCKET"];
    let up = Up::start("");
    let status = up.status();
    let gateway = status["gateway"]["pid"].clone();
    for pid in [gateway, up.process("site-1")["pid"].clone()] {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        for variable in String::from_utf8(environment).unwrap().split_terminator('\0') {
            let name = variable.split_once('=').unwrap().0;
            assert!(known.contains(&name) || given.contains(&name), "{variable}");
        }
    }
}

#[test]
fn both_sockets_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let up = Up::start("");
    for name in ["up.sock", "gateway.sock"] {
        let path = up.process.folder().join("tombolo-data/run").join(name);
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
