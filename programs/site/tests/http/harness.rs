//! A replica on a free port and a client that hides nothing.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tombolo_daemon::shutdown::{Shutdown, Trigger};
use tombolo_site::{Options, serve};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running replica named `test-1`, and the folder it serves if it serves one.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    pub(crate) trigger: Trigger,
    folder: Option<tempfile::TempDir>,
    thread: Option<JoinHandle<()>>,
}

impl Replica {
    /// Serves a new, empty folder.
    pub(crate) fn of_folder() -> Self {
        Self::draining_within(PATIENCE)
    }

    /// Serves a new, empty folder and drains within `drain`.
    pub(crate) fn draining_within(drain: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        Self::start(Some(root), Some(folder), drain)
    }

    /// Serves a folder of the test's own.
    pub(crate) fn of_root(root: PathBuf) -> Self {
        Self::start(Some(root), None, PATIENCE)
    }

    /// Serves the built-in page.
    pub(crate) fn of_landing() -> Self {
        Self::start(None, None, PATIENCE)
    }

    fn start(root: Option<PathBuf>, folder: Option<tempfile::TempDir>, drain: Duration) -> Self {
        let (trigger, shutdown) = Shutdown::by_hand();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let listen = listener.local_addr().unwrap();
                tell.send(listen).unwrap();
                let options = Options { listen, root, replica: Some("test-1".into()), drain };
                serve(listener, options, shutdown).await.unwrap();
            });
        });
        let address = told.recv_timeout(PATIENCE).unwrap();
        Self { address, trigger, folder, thread: Some(thread) }
    }

    /// The folder that is served. What lies beside it must never be.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("root")
    }

    /// Puts a file into the served folder, last changed at [`CHANGED`].
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        self.put_changed(name, content, changed());
    }

    /// Puts a file with a time of change.
    pub(crate) fn put_changed(&self, name: &str, content: impl AsRef<[u8]>, changed: SystemTime) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        set_changed(&path, changed);
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// One request on a connection of its own.
    pub(crate) fn request(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(&head(method, target, fields, "Connection: close\r\n")).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes, method)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.request("GET", target, &[])
    }

    pub(crate) fn get_with(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        self.request("GET", target, fields)
    }

    /// Waits until the replica has ended.
    pub(crate) fn join(&mut self) {
        self.thread.take().unwrap().join().unwrap();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.trigger.now();
        if let Some(thread) = self.thread.take() {
            let result = thread.join();
            assert!(result.is_ok() || std::thread::panicking(), "the replica panicked");
        }
    }
}

/// The time of change of files that do not need another.
pub(crate) const CHANGED: &str = "Sun, 02 Nov 2025 08:00:00 GMT";

pub(crate) fn changed() -> SystemTime {
    httpdate::parse_http_date(CHANGED).unwrap()
}

pub(crate) fn set_changed(path: &Path, changed: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(changed).unwrap();
}

/// A request's head.
pub(crate) fn head(method: &str, target: &str, fields: &[(&str, &str)], last: &str) -> Vec<u8> {
    let fields: String =
        fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: example.org\r\n{fields}{last}\r\n").into_bytes()
}

/// A response, checked for its framing.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads a whole response of a connection that was closed after it.
    pub(crate) fn parse(bytes: &[u8], method: &str) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
        let answer = Self { body: bytes[end + 4..].to_vec(), ..Self::parse_head(&bytes[..end]) };
        let length = answer.field("content-length").map(|length| length.parse::<usize>().unwrap());
        match (method, answer.status) {
            ("HEAD", _) | (_, 204 | 304) => assert!(answer.body.is_empty(), "{answer:?}"),
            _ => assert_eq!(length, Some(answer.body.len()), "wrong length: {answer:?}"),
        }
        answer
    }

    pub(crate) fn parse_head(head: &[u8]) -> Self {
        let head = std::str::from_utf8(head).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let fields = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self { status, fields, body: Vec::new() }
    }

    /// The value of a field that stands at most once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands twice in {self:?}");
        value
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// All fields but `Date`, which may move between two answers.
    pub(crate) fn fields_without_date(&self) -> Vec<(String, String)> {
        let mut fields = self.fields.clone();
        fields.retain(|(name, _)| name != "date");
        fields.sort();
        fields
    }
}

/// Bytes of which each few differ from their neighbours, so that a part cannot pass for another.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|position| (position / 251 + position * 7) as u8).collect()
}
