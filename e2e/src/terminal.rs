//! A terminal for the program, played by `script`: keys go in, what is shown comes out.

use crate::{Tombolo, eventually};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

/// The program at a terminal.
pub struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Starts `tombolo` with these words of a shell's command line. `state` is the folder where
    /// it may remember something; `no_colour` is the value of `NO_COLOR`.
    pub fn start(arguments: &str, state: &Path, no_colour: &str) -> Self {
        let program = Tombolo::path();
        let command = format!("exec {} {arguments}", program.display());
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
    pub fn shows(&self, text: &str) {
        eventually(text, || {
            let mut screen = self.screen.lock().unwrap();
            let found = screen.contains(text);
            found.then(|| screen.clear())
        });
    }

    /// What has been shown since.
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Presses keys.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the program has ended; its exit code.
    pub fn wait_for_exit(mut self) -> Option<i32> {
        eventually("the end", || self.script.try_wait().unwrap()).code()
    }
}
