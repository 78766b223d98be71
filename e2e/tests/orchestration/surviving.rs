//! `[up] keep`: what runs goes on when `tombolo up` is killed, and the next one takes it over.

use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tombolo_e2e::{Client, eventually};

use crate::{Up, folder, is_there, signal, text};

/// A folder that several orchestrators work in, one after the other. With it ends what is still
/// written down as running in it.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new(tables: &str) -> Self {
        let folder = folder(tables);
        let file = folder.path().join("tombolo.toml");
        let root = folder.path().join("public");
        let written = text(&file).replace("\"public\"", &format!("{root:?}"));
        std::fs::write(&file, written).unwrap();
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ledger(&self) -> PathBuf {
        self.file("data/run/processes.json")
    }

    pub(crate) fn up(&self) -> Up {
        let (file, data) = (self.file("tombolo.toml"), self.file("data"));
        let arguments = ["-c", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
        Up::start_with(tempfile::tempdir().unwrap(), &arguments, &self.file("data/run"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let ledger: Value = serde_json::from_str(&text(&self.ledger())).unwrap_or_default();
        for process in ledger["processes"].as_array().into_iter().flatten() {
            let pid = process["pid"].as_i64().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
            pid.map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

fn pids(up: &Up) -> Vec<(String, Value)> {
    let names = ["site-1", "site-2"].map(|name| (name.to_owned(), up.process(name)["pid"].clone()));
    let gateway = ("gateway".to_owned(), up.status()["gateway"]["pid"].clone());
    names.into_iter().chain([gateway]).collect()
}

/// Ends the orchestrator in this way.
fn end(mut up: Up, with: Signal) {
    up.process.signal(with);
    up.process.wait_for_exit();
}

#[test]
fn killed_orchestrator_leaves_what_runs_to_the_next() {
    let home = Home::new("[up]\nkeep = true\n");
    let up = home.up();
    let before = pids(&up);
    let gateway = up.gateway;
    let mut held = Client::connect(gateway);
    assert_eq!(held.get("/").text(), "the page");
    end(up, Signal::KILL);
    // Nobody watches, everybody serves, also on the connection of before.
    for _ in 0..20 {
        assert_eq!(held.get("/").text(), "the page");
    }
    let up = home.up();
    up.process.stderr().wait_for_text("found 3 processes that an earlier 'tombolo up' left");
    assert_eq!(pids(&up), before);
    assert_eq!(held.get("/").text(), "the page");
    // They are kept as if it had started them: a death is noticed, and said words are heard.
    let first = up.process("site-1");
    signal(&first, Signal::KILL);
    eventually("site-1 to be back", || {
        let now = up.process("site-1");
        (now["state"] == "up" && now["pid"] != first["pid"]).then_some(())
    });
    let logs = home.file("data/logs/gateway.log");
    up.process.signal(Signal::HUP);
    eventually("the gateway's words", || text(&logs).contains("SIGHUP").then_some(()));
    // And they end in order.
    let last = pids(&up);
    let mut up = up;
    up.process.signal(Signal::TERM);
    assert_eq!(up.process.wait_for_exit().code(), Some(0), "{}", up.process.stderr().text());
    for (name, pid) in last {
        assert!(!is_there(&pid), "{name}");
    }
    assert!(!home.ledger().exists());
}

#[test]
fn number_that_was_asked_for_survives_too() {
    let home = Home::new("[up]\nkeep = true\n");
    let up = home.up();
    assert_eq!(up.run(&["scale", "site", "4"]).code, Some(0));
    let pid = up.process("site-4")["pid"].clone();
    // The gentle way to exchange the orchestrator alone.
    end(up, Signal::USR2);
    let up = home.up();
    assert_eq!(up.process("site-4")["pid"], pid);
    let site = &up.status()["services"][0];
    assert_eq!((&site["configured"], &site["replicas"]), (&2.into(), &4.into()));
}

#[test]
fn what_is_configured_otherwise_since_is_ended_and_started_anew() {
    let home = Home::new("[up]\nkeep = true\n");
    let up = home.up();
    let before = pids(&up);
    end(up, Signal::KILL);
    let file = home.file("tombolo.toml");
    std::fs::write(&file, text(&file).replace("/public", "/./public")).unwrap();
    let up = home.up();
    up.process.stderr().wait_for_text("is of another configuration, ending it");
    let after = pids(&up);
    assert_ne!(before[0].1, after[0].1);
    assert_eq!(before[2].1, after[2].1, "the gateway was the same");
    assert_eq!(Client::connect(up.gateway).get("/").text(), "the page");
}

#[test]
fn without_keep_nothing_is_left() {
    let up = Up::start("");
    let before = pids(&up);
    end(up, Signal::KILL);
    for (name, pid) in before {
        eventually(&format!("the end of {name}"), || (!is_there(&pid)).then_some(()));
    }
}
