//! More replicas, fewer, and the same ones anew, while clients ask without a pause: no request fails.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tombolo_e2e::{Client, eventually};

use crate::{Up, json, signal};

/// Clients that ask while something is done.
const CLIENTS: usize = 4;

/// What the clients got.
pub(crate) struct Load {
    pub(crate) requests: usize,
    pub(crate) failed: Vec<String>,
    /// The replicas that answered.
    names: BTreeSet<String>,
}

/// Tells the clients when it is dropped.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks without a pause for as long as `work` takes: some on one connection for all requests, some
/// with a new one for each; some read, some post.
pub(crate) fn under_load(up: &Up, work: impl FnOnce()) -> Load {
    let (over, requests) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    let names = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (over, requests, failed, names) = (&over, &requests, &failed, &names);
            scope.spawn(move || {
                let mut client = Client::connect(up.gateway);
                while !over.load(Ordering::Relaxed) {
                    if number % 2 == 0 {
                        client = Client::connect(up.gateway);
                    }
                    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                    match client.read_response() {
                        Ok(answer) if answer.status() == 200 && answer.body == b"the page" => {
                            requests.fetch_add(1, Ordering::Relaxed);
                            let name = answer.head.one("x-replica").unwrap().to_owned();
                            names.lock().unwrap().insert(name);
                            if answer.head.one("connection") == Some("close") {
                                client = Client::connect(up.gateway);
                            }
                        }
                        other => failed.lock().unwrap().push(format!("{other:?}")),
                    }
                }
            });
        }
        // Also when the work fails: clients that go on would keep the test from failing.
        let _at_its_end = Over(&over);
        work();
    });
    let (failed, names) = (failed.into_inner().unwrap(), names.into_inner().unwrap());
    Load { requests: requests.into_inner(), failed, names }
}

/// The replicas that answer, by name.
fn seen(up: &Up) -> Vec<String> {
    let mut client = Client::connect(up.gateway);
    let names = (0..48).map(|_| client.get("/").head.one("x-replica").unwrap().to_owned());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn pids(up: &Up) -> Vec<u64> {
    let status = up.status();
    let processes = status["services"][0]["processes"].as_array().unwrap().clone();
    processes.iter().map(|process| process["pid"].as_u64().unwrap()).collect()
}

#[test]
fn scaling_up_and_down_fails_no_request() {
    let up = Up::start("");
    let load = under_load(&up, || {
        for (count, all) in [("5", 5), ("1", 1), ("3", 3)] {
            let told = up.run(&["scale", "site", count]);
            assert_eq!(told.code, Some(0), "{told:?}");
            assert!(told.stdout.starts_with("done: scaling of site from "), "{told:?}");
            let site = up.status()["services"][0].clone();
            assert_eq!(
                (&site["replicas"], &site["configured"]),
                (&all.into(), &2.into()),
                "{site:#}"
            );
            assert_eq!(site["up"], all, "{site:#}");
        }
    });
    assert_eq!(load.failed, Vec::<String>::new());
    assert!(load.requests > 50, "{}", load.requests);
    eventually("all three to answer", || {
        (seen(&up) == ["site-1", "site-2", "site-3"]).then_some(())
    });
}

#[test]
fn restart_of_a_service_exchanges_every_process_and_fails_no_request() {
    let up = Up::start("");
    let before = pids(&up);
    let load = under_load(&up, || {
        let told = up.run(&["restart", "site"]);
        assert_eq!(told.code, Some(0), "{told:?}");
    });
    assert_eq!(load.failed, Vec::<String>::new());
    assert!(load.requests > 50, "{}", load.requests);
    let after = pids(&up);
    assert!(
        after.len() == 2 && after.iter().all(|pid| !before.contains(pid)),
        "{before:?} {after:?}"
    );
    let operation = up.status()["operation"].clone();
    assert_eq!((&operation["state"], &operation["done"]), (&"done".into(), &2.into()));
    // Every server is in the rotation again.
    eventually("both to answer", || (seen(&up) == ["site-1", "site-2"]).then_some(()));
    // It was no accident: nothing counts as a death.
    assert_eq!(up.process("site-1")["restarts"], 0);
}

#[test]
fn single_replica_has_another_beside_it_while_it_is_restarted() {
    let up = Up::start("");
    assert_eq!(up.run(&["scale", "site", "1"]).code, Some(0));
    let before = pids(&up);
    let load = under_load(&up, || {
        let told = up.run(&["restart", "site"]);
        assert_eq!(told.code, Some(0), "{told:?}");
    });
    assert_eq!(load.failed, Vec::<String>::new());
    // The second one took over meanwhile.
    assert!(load.names.contains("site-2"), "{:?}", load.names);
    let after = pids(&up);
    assert!(after.len() == 1 && after != before, "{before:?} {after:?}");
    assert_eq!(seen(&up), ["site-1"]);
}

#[test]
fn more_that_do_not_come_up_leave_everything_as_it_was() {
    let up = Up::start("");
    let public = up.process.folder().join("public");
    let aside = up.process.folder().join("aside");
    std::fs::rename(&public, &aside).unwrap();
    let told = up.run(&["scale", "site", "4"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("site-3 ended with exit code 1"), "{told:?}");
    std::fs::rename(&aside, &public).unwrap();
    let status = up.status();
    assert_eq!(status["services"][0]["replicas"], 2);
    assert_eq!(status["upstreams"][0]["backends"].as_array().unwrap().len(), 2, "{status:#}");
    assert_eq!(seen(&up), ["site-1", "site-2"]);
}

#[test]
fn one_at_a_time() {
    let up = Up::start("");
    let order = r#"{"service":"site","replicas":6}"#;
    assert_eq!(up.post("/api/v1/scale", order).status(), 202);
    // Five processes that start leave a busy machine no time: then `up` is said not to answer.
    let second = eventually("an answer of `up`", || {
        let second = up.post("/api/v1/restart", r#"{"replica":"site-1"}"#);
        (second.status() != 503).then_some(second)
    });
    // It may be done already on a very quick machine.
    if up.status()["operation"]["id"] == 1 {
        assert_eq!(second.status(), 409, "{second:?}");
        let words = json(&second)["detail"].as_str().unwrap().to_owned();
        assert!(words.contains("site from 2 to 6 replicas"), "{words}");
    }
    eventually("the end", || (up.status()["operation"]["state"] == "done").then_some(()));
    // A number that is asked for is not what is configured: that holds again at the next start.
    assert_eq!(up.status()["services"][0]["configured"], 2);
}

/// The long form: run with `--run-ignored only`; says what it has measured.
#[test]
#[ignore = "takes a minute"]
fn rolling_restarts_and_scaling_for_a_minute() {
    let up = Up::start("memory = \"256MiB\"\n");
    let began = Instant::now();
    let (mut restarts, mut scales) = (0, 0);
    let load = under_load(&up, || {
        while began.elapsed() < Duration::from_secs(60) {
            for count in ["3", "6", "2"] {
                assert_eq!(up.run(&["scale", "site", count]).code, Some(0));
                scales += 1;
            }
            let told = up.run(&["restart", "site"]);
            assert_eq!(told.code, Some(0), "{told:?}");
            restarts += 1;
        }
    });
    let Load { requests, failed, .. } = load;
    println!(
        "{requests} requests, {} failed; {scales} scalings, {restarts} rolling restarts",
        failed.len()
    );
    assert_eq!(failed, Vec::<String>::new());
    // And a death in the midst of it all costs at most what was in flight.
    signal(&up.process("site-1"), Signal::KILL);
}
