//! A writer that does not give up: it sends a post, with the same key, until it is answered, and
//! sometimes once more.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tombolo_e2e::{Chance, eventually};

use crate::history::{History, ROOM, request};

pub(crate) fn run(gateway: SocketAddr, number: usize, going: &AtomicBool, history: &History) {
    let mut chance = Chance::new();
    let mut turn = 0;
    while going.load(Ordering::Relaxed) {
        let text = format!("{number}/{turn}");
        let body = json!({"author": format!("writer {number}"), "text": text}).to_string();
        let length = body.len();
        let post = format!(
            "POST {ROOM}/messages HTTP/1.0\r\nHost: e2e\r\nContent-Type: application/json\r\n\
             Idempotency-Key: key-{number}-{turn}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let seq = eventually("an answer to a post", || acknowledged(gateway, &post));
        history.acknowledge(&text, seq);
        if chance.once_in(5)
            && let Some(again) = acknowledged(gateway, &post)
        {
            history.acknowledge(&text, again);
        }
        // A person's pace, or a fast one's.
        thread::sleep(Duration::from_millis(5 + chance.below(40) as u64));
        turn += 1;
    }
}

/// The number the post was given; None if nobody knows.
fn acknowledged(gateway: SocketAddr, post: &str) -> Option<u64> {
    let (status, answer) = request(gateway, post)?;
    match status {
        200 | 201 => answer["seq"].as_u64(),
        // The gateway or the database has just been killed.
        502..=504 => None,
        other => panic!("{other}: {answer}"),
    }
}
