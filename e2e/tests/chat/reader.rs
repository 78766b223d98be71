//! A reader that comes back, as a browser does: with the id of the last event it has seen.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tombolo_e2e::Chance;

use crate::history::{History, ROOM};

/// Reads until told to stop; everything it saw, in order.
pub(crate) fn run(
    gateway: SocketAddr,
    is_slow: bool,
    going: &AtomicBool,
    history: &History,
) -> Vec<String> {
    let mut reader = Reader {
        number: history.enrol(),
        id: None,
        texts: Vec::new(),
        chance: Chance::new(),
        is_slow,
    };
    while going.load(Ordering::Relaxed) {
        reader.read(gateway, going, history);
        thread::sleep(Duration::from_millis(20 + reader.chance.below(100) as u64));
    }
    reader.texts
}

struct Reader {
    number: usize,
    id: Option<String>,
    texts: Vec<String>,
    chance: Chance,
    is_slow: bool,
}

impl Reader {
    /// One connection, to its end.
    fn read(&mut self, gateway: SocketAddr, going: &AtomicBool, history: &History) -> Option<()> {
        let mut stream = TcpStream::connect(gateway).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
        let last = self.id.as_ref().map(|id| format!("Last-Event-ID: {id}\r\n"));
        let last = last.unwrap_or_default();
        let text = format!("GET {ROOM}/events?after=0 HTTP/1.0\r\nHost: e2e\r\n{last}\r\n");
        stream.write_all(text.as_bytes()).ok()?;
        let mut lines = BufReader::new(stream);
        if !self.line(&mut lines, going)?.contains(" 200 ") {
            return None;
        }
        let (mut id, mut kind, mut data) = (None, String::new(), String::new());
        loop {
            let line = self.line(&mut lines, going)?;
            match line.split_once(": ") {
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("event", value)) => value.clone_into(&mut kind),
                Some(("data", value)) => value.clone_into(&mut data),
                _ if !line.is_empty() => {}
                _ => {
                    assert_ne!(kind, "reset", "{data}");
                    if kind == "message" {
                        self.take(&data, history);
                    }
                    // An event counts once it is whole, and so does its id.
                    self.id = id.take().or(self.id.take());
                    (kind, data) = (String::new(), String::new());
                }
            }
        }
    }

    fn take(&mut self, data: &str, history: &History) {
        let message: Value = serde_json::from_str(data).unwrap();
        let expected = self.texts.len() as u64 + 1;
        assert_eq!(message["seq"].as_u64(), Some(expected), "a gap, or something twice");
        self.texts.push(message["text"].as_str().unwrap().to_owned());
        history.saw(self.number, self.texts.len());
        if self.is_slow && self.chance.once_in(10) {
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// A whole line without its end; None at the end of the stream, or when told to stop.
    fn line(&mut self, lines: &mut BufReader<TcpStream>, going: &AtomicBool) -> Option<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if is_wait(&error) && going.load(Ordering::Relaxed) => {}
                Err(_) => return None,
            }
        }
        Some(String::from_utf8(line).unwrap().trim_end().to_owned())
    }
}

fn is_wait(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
