//! Programs that are not ours: run with arguments, a folder and a deadline, their output kept.

use crate::Output;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a foreign program may take: load generators and a browser need more than a socket.
const DEADLINE: Duration = Duration::from_secs(120);

/// A program to run.
pub struct Foreign {
    command: Command,
    name: String,
    input: Option<Vec<u8>>,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Foreign {
    /// A program on the path. A missing one fails the test, saying which package brings it:
    /// silence would let a claim pass untested.
    pub fn program(name: &str, package: &str) -> Self {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&paths).map(|dir| dir.join(name)).find(|p| p.is_file());
        let path = found.unwrap_or_else(|| {
            panic!("{name} is not installed: `cargo xtask test` installs it (package {package})")
        });
        Self::at(path)
    }

    /// A program at a known place.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.display().to_string();
        Self { command: Command::new(path), name, input: None }
    }

    /// Adds arguments.
    pub fn args(
        mut self,
        arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
    ) -> Self {
        self.command.args(arguments);
        self
    }

    /// Adds one argument.
    pub fn arg(self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.args([argument])
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it this on standard input; nothing unless told.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Runs in this folder.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts it as a server that lives until the answer is dropped.
    pub fn serve(mut self) -> Server {
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.name));
        let stdout = Output::collect(child.stdout.take().expect("piped"));
        Server { child, stdout }
    }

    /// Runs to the end; kills it and fails the test when the deadline passes.
    pub fn run(mut self) -> Finished {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.name));
        if let (Some(input), Some(mut stdin)) = (self.input.take(), child.stdin.take()) {
            // A program that has read enough may close it before the end.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let stdout = collect(child.stdout.take().expect("piped"));
        let stderr = collect(child.stderr.take().expect("piped"));
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = child.try_wait().expect("our child") {
                break status;
            }
            if Instant::now() > deadline {
                child.kill().expect("our child");
                let said = stderr.join().expect("reader");
                panic!("{} did not end within {DEADLINE:?}: {said}", self.name);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let (stdout, stderr) = (stdout.join().expect("reader"), stderr.join().expect("reader"));
        Finished { code: status.code(), stdout, stderr }
    }
}

/// A foreign program that serves. Killed when dropped.
pub struct Server {
    child: Child,
    stdout: Output,
}

impl Server {
    /// What it wrote to standard output.
    pub fn stdout(&self) -> &Output {
        &self.stdout
    }

    /// Whether it has closed its standard output, and all that it wrote is there.
    pub fn has_ended(&self) -> bool {
        self.stdout.has_ended()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// Fails the test unless the program said it succeeded; gives its standard output.
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stdout
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A program that dies leaves what it had said; that is enough.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_output_and_code() {
        let done = Foreign::program("sh", "dash").args(["-c", "echo out; echo err >&2; exit 3"]);
        let done = done.run();
        assert_eq!((done.code, done.stdout.trim(), done.stderr.trim()), (Some(3), "out", "err"));
    }

    #[test]
    #[should_panic(expected = "package nowhere")]
    fn a_missing_program_is_a_failure_with_advice() {
        let _ = Foreign::program("no-such-program-here", "nowhere");
    }
}
