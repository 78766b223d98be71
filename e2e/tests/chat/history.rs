//! What was promised and what was seen, and whether they agree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use tombolo_e2e::{PATIENCE, eventually};

/// The room where it happens.
pub(crate) const ROOM: &str = "/chat/rooms/lobby";

/// Has writers and readers end with the test, also when it fails: it would wait for them for ever.
pub(crate) struct Going<'g>(pub(crate) [&'g AtomicBool; 2]);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|going| going.store(false, Ordering::Relaxed));
    }
}

/// What is known from outside.
#[derive(Default)]
pub(crate) struct History {
    /// The number that each acknowledged text was given.
    acknowledged: Mutex<BTreeMap<String, u64>>,
    /// Readers that have seen so many messages or more, by reader.
    seen: Mutex<BTreeMap<usize, usize>>,
    next: AtomicUsize,
}

impl History {
    /// A post was answered. Every answer to the same post has to be the same.
    pub(crate) fn acknowledge(&self, text: &str, seq: u64) {
        let before = self.acknowledged.lock().unwrap().insert(text.to_owned(), seq);
        assert!(before.is_none_or(|before| before == seq), "{text} is {before:?} and {seq}");
    }

    /// A number for a reader.
    pub(crate) fn enrol(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A reader has seen so many messages.
    pub(crate) fn saw(&self, reader: usize, count: usize) {
        self.seen.lock().unwrap().insert(reader, count);
    }

    /// Waits until every reader has seen everything.
    pub(crate) fn wait_for_readers(&self, readers: usize, messages: usize) {
        eventually("every reader to see every message", || {
            let seen = self.seen.lock().unwrap();
            let done = seen.values().filter(|count| **count >= messages).count();
            (done == readers).then_some(())
        });
    }

    /// The log: every acknowledged post is in it, nothing is twice, no number is missing.
    pub(crate) fn judge_log(&self, gateway: SocketAddr) -> Vec<String> {
        let mut log: Vec<String> = Vec::new();
        loop {
            let target = format!("{ROOM}/messages?after={}&limit=256", log.len());
            let page = eventually("a page of the log", || {
                request(gateway, &format!("GET {target} HTTP/1.0\r\nHost: e2e\r\n\r\n"))
                    .filter(|(status, _)| *status == 200)
            });
            let messages = page.1["messages"].as_array().unwrap().clone();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                assert_eq!(message["seq"].as_u64(), Some(log.len() as u64 + 1), "a gap");
                log.push(message["text"].as_str().unwrap().to_owned());
            }
        }
        let once: BTreeSet<&String> = log.iter().collect();
        assert_eq!(once.len(), log.len(), "something is there twice");
        let acknowledged = self.acknowledged.lock().unwrap();
        assert!(acknowledged.len() > 50, "too little happened: {}", acknowledged.len());
        for (text, seq) in acknowledged.iter() {
            let index = usize::try_from(*seq).unwrap() - 1;
            assert_eq!(log.get(index), Some(text), "acknowledged and lost, or moved");
        }
        log
    }
}

/// Sends a request and reads to the end of the connection; None if it was cut.
pub(crate) fn request(gateway: SocketAddr, text: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(gateway).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}
