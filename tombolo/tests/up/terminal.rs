//! At a terminal, played by `script` of util-linux.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::{Guarded, Lines, alive, eventually};

/// `tombolo up` with a terminal of its own.
struct Terminal {
    script: Guarded,
    screen: Lines,
    folder: tempfile::TempDir,
}

impl Terminal {
    fn start() -> Terminal {
        let folder = tempfile::tempdir().unwrap();
        let command =
            format!("stty -echo; exec {} up --listen 127.0.0.1:0", env!("CARGO_BIN_EXE_tombolo"));
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command", &command, "/dev/null"])
            .current_dir(folder.path())
            .env_remove("NO_COLOR")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("'script' of util-linux is installed");
        let screen = Lines::of(script.stdout.take().unwrap());
        Terminal { script: Guarded(script), screen, folder }
    }

    fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.screen.wait(wanted).unwrap_or_else(|| panic!("never said; {}", self.screen.text()))
    }

    fn keys(&mut self, keys: &[u8]) {
        let keyboard = self.script.0.stdin.as_mut().unwrap();
        keyboard.write_all(keys).unwrap();
        keyboard.flush().unwrap();
    }

    fn orchestrator(&self) -> u32 {
        let lock = self.folder.path().join("tombolo-data/run/up.lock");
        std::fs::read_to_string(lock).unwrap().trim().parse().unwrap()
    }
}

#[test]
fn names_have_colours_and_control_c_reaches_the_orchestrator_alone() {
    let mut terminal = Terminal::start();
    terminal.line(|line| line.contains("all of it is ready"));
    terminal.line(|line| line.contains("\x1b[36msite-1       |\x1b[0m "));
    terminal.keys(b"\x03");
    terminal.line(|line| line.contains("all of it has ended"));
    let script = &mut terminal.script.0;
    let status = eventually("the end of 'tombolo up'", || script.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    let said = terminal.screen.text();
    // Had it reached the children, they would have seen a signal of the keyboard.
    assert!(!said.contains("signal=SIGINT") && said.contains("signal=SIGTERM"), "{said}");
}

#[test]
fn terminal_that_goes_away_drains() {
    let mut terminal = Terminal::start();
    terminal.line(|line| line.contains("all of it is ready"));
    let pid = terminal.orchestrator();
    let table = terminal.screen.text();
    let pids = table.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [_, url, .., pid] = fields[..] else { return None };
        let is_url = url.starts_with("http://") || url.starts_with("tcp://");
        pid.parse::<u32>().ok().filter(|_| is_url)
    });
    let pids: Vec<_> = pids.collect();
    // The gateway, and three replicas of each service.
    assert_eq!(pids.len(), 13, "{table}");
    // With its master gone the kernel hangs the terminal up.
    terminal.script.0.kill().unwrap();
    eventually("the end of 'tombolo up'", || (!alive(pid)).then_some(()));
    for pid in pids {
        eventually("the end of a child", || (!alive(pid)).then_some(()));
    }
}
