//! Starts the real `tombolo up` in a folder of its own and waits for what it says.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// For anything that is awaited; far beyond what it takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running `tombolo up`.
pub(crate) struct Up {
    child: Guarded,
    folder: PathBuf,
    out: Lines,
    err: Lines,
    /// The name in the last row of its table.
    last_row: &'static str,
}

/// What a stream has said so far.
#[derive(Clone, Default)]
pub(crate) struct Lines {
    said: Arc<(Mutex<Said>, Condvar)>,
}

#[derive(Default)]
struct Said {
    lines: Vec<String>,
    ended: bool,
}

impl Up {
    /// Starts it in this folder, on a port of the system's choice unless told otherwise.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Up {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tombolo"));
        command.arg("up").args(arguments).current_dir(folder);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.env_remove("TOMBOLO_LOG").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        // With a file there are three replicas of the site and nothing else in these tests.
        let last_row = if arguments.contains(&"-c") { "site-3 " } else { "library-3 " };
        Up { child: Guarded(child), folder: folder.to_owned(), out, err, last_row }
    }

    /// Starts it and waits until everything serves.
    pub(crate) fn ready(folder: &Path, arguments: &[&str]) -> Up {
        let mut up = Up::start(folder, arguments);
        up.err_line(|line| line.contains("all of it is ready"));
        up
    }

    /// Waits for a line of standard error.
    pub(crate) fn err_line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.err.wait(wanted).unwrap_or_else(|| panic!("never said; {}", self.all_said()))
    }

    /// Waits for a line of standard output.
    pub(crate) fn out_line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.out.wait(wanted).unwrap_or_else(|| panic!("never said; {}", self.all_said()))
    }

    /// Both streams, for a failing test.
    pub(crate) fn all_said(&self) -> String {
        format!("out:\n{}\nerr:\n{}", self.out.text(), self.err.text())
    }

    /// What standard error has said so far.
    pub(crate) fn err_text(&self) -> String {
        self.err.text()
    }

    /// The table on standard output: name to address and pid, by the first mention.
    pub(crate) fn table(&mut self) -> HashMap<String, (SocketAddr, u32)> {
        let last_row = self.last_row;
        self.out_line(|line| line.starts_with(last_row));
        let text = self.out.text();
        let rows = text.lines().skip_while(|line| !line.starts_with("NAME")).skip(1);
        rows.map_while(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [name, url, .., pid] = fields[..] else { return None };
            let address = url.strip_prefix("http://").or_else(|| url.strip_prefix("tcp://"))?;
            let address = address.parse().ok()?;
            Some((name.to_owned(), (address, pid.parse().ok()?)))
        })
        .collect()
    }

    /// The orchestrator's own process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Sends the orchestrator a signal.
    pub(crate) fn signal(&self, sent: Signal) {
        signal(self.child.0.id(), sent);
    }

    /// Waits for the end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let status = eventually("the end of 'tombolo up'", || self.child.0.try_wait().unwrap());
        self.err.wait(|_| false);
        status
    }

    /// The text of a file in its folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

/// A process that does not outlive its test, however that ends.
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // The children of a 'tombolo up' end with it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        assert!(
            std::thread::panicking() || !self.err.text().contains("panicked at"),
            "{}",
            self.all_said()
        );
    }
}

impl Lines {
    /// Reads a stream to its end on a thread of its own.
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Lines {
        let lines = Lines::default();
        let writer = lines.clone();
        std::thread::spawn(move || {
            let (said, changed) = &*writer.said;
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                said.lock().unwrap().lines.push(line);
                changed.notify_all();
            }
            said.lock().unwrap().ended = true;
            changed.notify_all();
        });
        lines
    }

    /// Waits for a line; None when the stream ended, or patience did, without it.
    pub(crate) fn wait(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let (said, changed) = &*self.said;
        let find = |said: &Said| said.lines.iter().find(|line| wanted(line)).cloned();
        let waiting = |said: &mut Said| find(said).is_none() && !said.ended;
        let guard = said.lock().unwrap();
        let (guard, _) = changed.wait_timeout_while(guard, PATIENCE, waiting).unwrap();
        find(&guard)
    }

    /// All of it so far.
    pub(crate) fn text(&self) -> String {
        self.said.0.lock().unwrap().lines.join("\n")
    }
}

/// Asks again and again, with nothing else to wait for, until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Sends a process a signal.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Whether a process is there and not merely waiting to be reaped.
pub(crate) fn alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// An answer: the status and the whole text.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// A header field's value.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next()?;
        let fields = head.lines().filter_map(|line| line.split_once(':'));
        let mut found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }
}

/// `GET` on a connection of its own; None when the connection failed or was cut.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer { status, text })
}

/// A sparse file of this many bytes, to have a long answer.
pub(crate) fn big_file(path: &Path, bytes: u64) {
    File::create(path).unwrap().set_len(bytes).unwrap();
}
