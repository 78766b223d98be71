//! `[up] keep`: what runs goes on when `tombolo up` is killed, and the next one takes it over.

use std::path::{Path, PathBuf};

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

/// Copies what a backup would: folders and files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        let target = to.join(entry.file_name());
        match kind.is_dir() {
            true => copy(&entry.path(), &target),
            false if kind.is_file() => drop(std::fs::copy(entry.path(), target).unwrap()),
            false => {}
        }
    }
}

#[test]
fn copy_of_the_data_folder_leaves_the_originals_processes_alone() {
    let home = Home::new("[up]\nkeep = true\n");
    let up = home.up();
    let before = pids(&up);
    copy(&home.file("data"), &home.file("copy"));
    let file = home.file("tombolo.toml");
    let port = crate::own_ports();
    let other = text(&file).replace(&format!(":{port}"), &format!(":{}", port + 4));
    std::fs::write(&file, other).unwrap();
    let arguments =
        ["-c", file.to_str().unwrap(), "--data", &home.file("copy").display().to_string()];
    let folder = tempfile::tempdir().unwrap();
    let mut second = Up::start_with(folder, &arguments, &home.file("copy/run"));
    second.process.stderr().wait_for_text("was written for another data folder");
    // Two of them live side by side, and the end of one is none of the other's business.
    assert_eq!(pids(&up), before);
    assert!(pids(&second).iter().all(|one| !before.contains(one)));
    assert_eq!(Client::connect(second.gateway).get("/").text(), "the page");
    second.process.signal(Signal::TERM);
    assert_eq!(second.process.wait_for_exit().code(), Some(0));
    assert_eq!(pids(&up), before);
    assert!(before.iter().all(|(_, pid)| is_there(pid)));
}

#[test]
fn ledger_that_somebody_made_up_ends_no_process() {
    let home = Home::new("[up]\nkeep = true\n");
    let up = home.up();
    let true_one = text(&home.ledger());
    end(up, Signal::KILL);
    let mut forged: Value = serde_json::from_str(&true_one).unwrap();
    let mut stranger = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let started = |pid: u32| -> u64 {
        let stat = text(Path::new(&format!("/proc/{pid}/stat")));
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.split_ascii_whitespace().nth(19).unwrap().parse().unwrap()
    };
    let sleeps =
        || text(Path::new(&format!("/proc/{}/cmdline", stranger.id()))) == "sleep\x00600\x00";
    eventually("its command line", || sleeps().then_some(()));
    let entry = serde_json::json!({
        "name": "x-1", "pid": stranger.id(), "started": started(stranger.id()),
        "arguments": ["600"], "listeners": [], "tcp": [], "admin": null,
    });
    forged["processes"].as_array_mut().unwrap().push(entry);
    std::fs::write(home.ledger(), forged.to_string()).unwrap();
    let up = home.up();
    up.process
        .stderr()
        .wait_for_text("in processes.json is left alone: it does not run this program");
    up.process.stderr().wait_for_text("found 3 processes");
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger's process lives");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}
