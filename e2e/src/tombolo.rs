//! The real binary, started as a user would and ended without leaving anything behind.

use crate::{Client, Figures, Finished, Foreign, Output, eventually};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running `tombolo`. It lives in a temporary folder of its own and is ended when dropped; the
/// test fails if it panicked meanwhile.
pub struct Tombolo {
    child: Child,
    ended: Option<ExitStatus>,
    addresses: Vec<SocketAddr>,
    stdout: Output,
    stderr: Output,
    folder: tempfile::TempDir,
    gently: bool,
}

impl Tombolo {
    /// `tombolo gateway -c FILE` with this configuration; returns once it listens.
    pub fn gateway(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("tombolo.toml");
        std::fs::write(&file, configuration).expect("the configuration can be written");
        Self::start_in(folder, &["gateway", "-c", "tombolo.toml"]).listening()
    }

    /// As [`Tombolo::gateway`], for a configuration whose only listeners are those of `[[tcp]]`.
    pub fn tcp_gateway(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("tombolo.toml");
        std::fs::write(&file, configuration).expect("the configuration can be written");
        let mut gateway = Self::start_in(folder, &["gateway", "-c", "tombolo.toml"]);
        gateway.addresses.push(gateway.tcp_address());
        gateway
    }

    /// As [`Tombolo::gateway`], as a user without privileges where we are root: one whom missing
    /// permissions keep out.
    pub fn gateway_unprivileged(configuration: &str) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self::gateway(configuration);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).expect("our own folder");
        std::fs::write(folder.path().join("tombolo.toml"), configuration).expect("writable");
        // The binary may lie where only root can look.
        std::fs::copy(binary(), folder.path().join("tombolo")).expect("a copy of the binary");
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.args(["./tombolo", "gateway", "-c", "tombolo.toml"]);
        Self::spawn(folder, command).listening()
    }

    /// Any command line of the program, in a fresh folder; does not wait for anything.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), arguments)
    }

    /// As [`Tombolo::start`], in a folder prepared by the test.
    pub fn start_in(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments);
        Self::spawn(folder, command)
    }

    /// As [`Tombolo::start`], in a folder that others use too.
    pub fn program_in(folder: &Path, arguments: &[&str]) -> Child {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("tombolo starts")
    }

    /// Another program that turns into ours (`exec`), in a folder prepared by the test.
    pub fn start_program_in(folder: tempfile::TempDir, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments);
        Self::spawn(folder, command)
    }

    /// As [`Tombolo::start_in`], where `/etc/hosts` is the file `hosts` of the folder, for this
    /// process alone: the test can make names resolve and cease to. Needs the right to make a
    /// mount namespace, which root has, and on most systems every user.
    pub fn start_with_hosts(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let script = "mount --bind hosts /etc/hosts && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.arg(binary()).args(arguments);
        Self::spawn(folder, command)
    }

    /// As [`Tombolo::start_in`], as the first process of a namespace of its own, as in a container;
    /// its process number is that of `unshare`, its parent. Needs the right to make such a
    /// namespace, which root has, and on most systems every user.
    pub fn start_as_first_in(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
        command.arg(binary()).args(arguments);
        Self::spawn(folder, command)
    }

    /// As [`Tombolo::start_in`], with a standard output whose reader has gone.
    pub fn start_deaf_in(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(binary());
        command.args(arguments);
        Self::spawn_onto(folder, command, writer.into())
    }

    fn spawn(folder: tempfile::TempDir, command: Command) -> Self {
        Self::spawn_onto(folder, command, Stdio::piped())
    }

    fn spawn_onto(folder: tempfile::TempDir, mut command: Command, stdout: Stdio) -> Self {
        let mut child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = child.stdout.take().map(Output::collect).unwrap_or_default();
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        let addresses = Vec::new();
        Self { child, ended: None, addresses, stdout, stderr, folder, gently: false }
    }

    /// Kills it at once and starts another one in its folder.
    pub fn killed_and_started(mut self, arguments: &[&str]) -> Self {
        self.kill();
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let folder = std::mem::replace(&mut self.folder, elsewhere);
        Self::start_in(folder, arguments)
    }

    /// Waits until it has said where it listens.
    pub fn listening(mut self) -> Self {
        let address = self.stderr.wait_for("listening on ", listener);
        self.addresses.push(address);
        self
    }

    /// Waits until it has said so `count` times, for a gateway with several listeners.
    pub fn listening_on(mut self, count: usize) -> Self {
        self.addresses = eventually("the listeners", || {
            let all: Vec<_> = self.stderr.lines().iter().filter_map(|l| listener(l)).collect();
            (all.len() >= count).then_some(all)
        });
        self
    }

    /// Ends it with SIGTERM and waits, rather than at once: for `up`, which has children to end.
    pub fn ended_gently(mut self) -> Self {
        self.gently = true;
        self
    }

    /// The program itself, to be run with arguments and input.
    pub fn program() -> Foreign {
        Foreign::at(binary())
    }

    /// Where the program lies, for others who start it.
    pub fn path() -> PathBuf {
        binary()
    }

    /// Runs the program to its end.
    pub fn run(folder: &Path, arguments: &[&str]) -> Finished {
        Foreign::at(binary()).args(arguments).folder(folder).run()
    }

    /// As [`Tombolo::run`], with an environment variable if one is given.
    pub fn run_with(folder: &Path, arguments: &[&str], variable: Option<(&str, &str)>) -> Finished {
        let program = Foreign::at(binary()).args(arguments).folder(folder);
        match variable {
            Some((name, value)) => program.env(name, value).run(),
            None => program.run(),
        }
    }

    /// The first address it listens on.
    pub fn address(&self) -> SocketAddr {
        *self.addresses.first().expect("it listens")
    }

    /// The first address it takes connections for a `[[tcp]]` on.
    pub fn tcp_address(&self) -> SocketAddr {
        self.stderr.wait_for("listening on tcp://", |line| {
            line.split("listening on tcp://").nth(1)?.trim().parse().ok()
        })
    }

    /// All addresses it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where its admin API is, once it has said so.
    pub fn admin(&self) -> SocketAddr {
        let said = |line: &str| line.split("admin API at http://").nth(1)?.trim().parse().ok();
        self.stderr.wait_for("the admin address", said)
    }

    /// A new connection to it.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// `http://ADDRESS` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its memory and descriptors.
    pub fn figures(&self) -> Figures {
        Figures::of(self.pid())
    }

    /// What it wrote to standard output.
    pub fn stdout(&self) -> &Output {
        &self.stdout
    }

    /// What it wrote to standard error.
    pub fn stderr(&self) -> &Output {
        &self.stderr
    }

    /// The folder it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits for the access log line (JSON, on standard output) for which `found` answers true.
    pub fn wait_for_record(
        &self,
        what: &str,
        mut found: impl FnMut(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        self.stdout
            .wait_for(what, |line| serde_json::from_str(line).ok().filter(|record| found(record)))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(pid(self.pid()), signal).expect("our own child can be signalled");
    }

    /// Waits until it has ended of itself.
    pub fn wait_for_exit(&mut self) -> ExitStatus {
        let status = match self.ended {
            Some(status) => status,
            None => eventually("the program to end", || self.child.try_wait().expect("our child")),
        };
        self.ended = Some(status);
        status
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("our child");
        }
        self.ended.is_none()
    }

    /// Kills it at once and waits until it is gone, and with it all of its connections.
    pub fn kill(&mut self) {
        if self.runs() {
            self.child.kill().expect("our own child can be killed");
            self.ended = Some(self.child.wait().expect("our child"));
        }
    }

    /// Whether it complained of a broken promise of its own.
    fn panicked(&self) -> Option<String> {
        let text = self.stderr.text();
        text.contains("panicked at").then_some(text)
    }
}

impl Drop for Tombolo {
    fn drop(&mut self) {
        if self.gently && self.runs() {
            self.signal(Signal::TERM);
            let mut tries = 0..1000;
            while self.runs() && tries.next().is_some() {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        self.kill();
        if std::thread::panicking() {
            let text = self.stderr.text();
            let _ = writeln!(std::io::stderr(), "--- tombolo's standard error:\n{text}\n---");
        } else if let Some(text) = self.panicked() {
            panic!("tombolo panicked:\n{text}");
        }
    }
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).expect("a child has a process number")
}

fn listener(line: &str) -> Option<SocketAddr> {
    let rest = line.split("listening on ").nth(1)?;
    let rest = rest.strip_prefix("http://").or_else(|| rest.strip_prefix("tcp://"))?;
    rest.split(|c: char| c.is_whitespace() || c == '/').next()?.parse().ok()
}

/// `TOMBOLO_BIN`, or the binary of the profile that this test was built with.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("TOMBOLO_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the test knows itself");
    let beside = test.ancestors().skip(1).take(2).map(|folder| folder.join("tombolo"));
    beside.into_iter().find(|path| path.is_file()).unwrap_or_else(|| {
        panic!(
            "no tombolo binary near {}: build it with the same profile, `cargo build -p tombolo`, \
             or name one in TOMBOLO_BIN",
            test.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_listener_in_a_log_line() {
        let line = "2026-01-01T00:00:00Z  INFO gateway: listening on http://127.0.0.1:4711";
        assert_eq!(listener(line), Some("127.0.0.1:4711".parse().unwrap()));
        assert_eq!(listener("a listening on http://[::1]:80/ x"), "[::1]:80".parse().ok());
        assert_eq!(listener("listening on tcp://127.0.0.1:7"), "127.0.0.1:7".parse().ok());
        assert_eq!(listener("not yet"), None);
    }
}
