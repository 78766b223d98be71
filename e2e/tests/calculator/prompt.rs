//! The prompt of `tombolo calc`, at a terminal played by `script`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use tombolo_e2e::{Tombolo, eventually};

use crate::replica::replica;

struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    fn start(replica: &Tombolo, state: &Path, no_colour: &str) -> Self {
        let program = Tombolo::path();
        let command = format!("exec {} calc --server {}", program.display(), replica.address());
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command", &command, "/dev/null"])
            .envs([("SHELL", "/bin/sh"), ("TERM", "xterm"), ("NO_COLOR", no_colour)])
            .env("XDG_STATE_HOME", state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("'script' of bsdutils is installed");
        let keyboard = script.stdin.take().expect("piped");
        let mut shown = script.stdout.take().expect("piped");
        let screen = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = shown.read(&mut bytes) {
                seen.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        Self { script, keyboard, screen }
    }

    /// Waits until this has been shown, and forgets all that was, what came behind it too.
    fn shows(&self, text: &str) {
        eventually(text, || {
            let mut screen = self.screen.lock().unwrap();
            let found = screen.contains(text);
            found.then(|| screen.clear())
        });
    }

    fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Types `quit`; the exit code.
    fn quit(mut self) -> Option<i32> {
        self.keys("quit\r");
        eventually("the end", || self.script.try_wait().unwrap()).code()
    }
}

/// What is shown when a line may be typed.
const PROMPT: &str = "> ";

#[test]
fn it_answers_completes_and_remembers() {
    let replica = replica("calculator-1");
    let state = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&replica, state.path(), "");
    terminal.shows("\x1b[36m> \x1b[0m");
    terminal.keys("side = 4 m\r");
    terminal.shows("\x1b[1m4 m\x1b[0m");
    terminal.keys("sid\t");
    terminal.shows("e");
    terminal.keys("^2\r");
    terminal.shows("16 m^2");
    terminal.keys("1/0\r");
    terminal.shows("division by zero (domain)");
    assert_eq!(terminal.quit(), Some(0));

    // The first line of the earlier session, and no colours where none are wanted.
    let mut terminal = Terminal::start(&replica, state.path(), "1");
    terminal.shows(PROMPT);
    terminal.keys("7 * 6\r");
    eventually("the answer", || {
        let screen = terminal.screen.lock().unwrap();
        let found = screen.contains("\n42");
        assert!(!screen.contains("\x1b[1m") && !screen.contains("\x1b[36m"), "{screen:?}");
        found.then_some(())
    });
    terminal.keys("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\r");
    terminal.shows("4 m\r\n");
    assert_eq!(terminal.quit(), Some(0));
}
