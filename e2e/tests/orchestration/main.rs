//! `tombolo up` as an orchestrator: what it tells of its replicas, and what it does to them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bounds;
mod crash_loop;
mod first_process;
mod hanging;
mod memory;
mod payments;
mod reload;
mod returning;
mod rollout;
mod status;
mod succession;
mod surviving;

use std::net::SocketAddr;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tombolo_e2e::{Client, Finished, Response, Tombolo, eventually};

/// A running `tombolo up` with an admin listener, and where that and its gateway are.
struct Up {
    process: Tombolo,
    admin: SocketAddr,
    gateway: SocketAddr,
}

impl Up {
    /// Two replicas of the site that serve the folder `public`, and what else `tables` say.
    fn start(tables: &str) -> Self {
        Self::start_in(folder(tables))
    }

    /// The same in a folder that is there.
    fn start_in(folder: tempfile::TempDir) -> Self {
        let run = folder.path().join("tombolo-data/run");
        Self::start_with(folder, &["-c", "tombolo.toml"], &run)
    }

    /// With these arguments, by which this is where it keeps what concerns the run.
    fn start_with(folder: tempfile::TempDir, arguments: &[&str], run: &Path) -> Self {
        let process = Tombolo::start_in(folder, &[&["up"], arguments].concat()).ended_gently();
        process.stderr().wait_for_text("all of it is ready");
        let told = text(&run.join("gateway.toml"));
        let value = |key: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim_matches(|one| " =[]\"".contains(one)).parse().unwrap()
        };
        let (gateway, admin) = (value("listen ="), value("admin ="));
        Self { process, admin, gateway }
    }

    /// The whole status.
    fn status(&self) -> Value {
        let request = format!("GET /api/v1/status HTTP/1.1\r\nHost: {}\r\n\r\n", self.admin);
        json(&Client::connect(self.admin).exchange(request))
    }

    /// What is told of one process.
    fn process(&self, name: &str) -> Value {
        let status = self.status();
        let services = status["services"].as_array().expect("services").iter();
        let mut processes =
            services.flat_map(|one| one["processes"].as_array().expect("processes"));
        let found = processes.find(|process| process["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {status:#}")).clone()
    }

    /// Waits until a process is in this state; what is told of it then.
    fn process_when(&self, name: &str, state: &str) -> Value {
        eventually(&format!("{name} to be {state}"), || {
            Some(self.process(name)).filter(|process| process["state"] == state)
        })
    }

    /// `POST path` with a body.
    fn post(&self, path: &str, body: &str) -> Response {
        Client::connect(self.admin).exchange(format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.admin,
            body.len()
        ))
    }

    /// An operator's command that asks it.
    fn run(&self, arguments: &[&str]) -> Finished {
        let admin = self.admin.to_string();
        let arguments = [arguments, &["--admin", &admin]].concat();
        Tombolo::run(self.process.folder(), &arguments)
    }
}

/// A folder with such a configuration.
fn folder(tables: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("public")).unwrap();
    std::fs::write(folder.path().join("public/index.html"), "the page").unwrap();
    let listen = own_ports();
    let text = format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n\
         [access_log]\nfile = \"access.log\"\n\
         [[service]]\nname = \"site\"\nroot = \"public\"\nreplicas = 2\n\
         listen = \"127.0.0.1:{listen}\"\n{tables}"
    );
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    folder
}

/// The first of eight ports that no other test has: two that run at one time have different process
/// numbers. Below those that the system gives out by itself.
fn own_ports() -> u32 {
    10_000 + std::process::id() % 2_500 * 8
}

/// A body as JSON.
fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// Sends the process that is told of a signal.
fn signal(process: &Value, signal: Signal) {
    let pid = process["pid"].as_i64().expect("a running process");
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// Whether a process of this number runs.
fn is_there(pid: &Value) -> bool {
    Path::new(&format!("/proc/{pid}/cwd")).read_link().is_ok()
}

/// The text of a file, or nothing.
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
