//! The chat as its users have it: three replicas behind the gateway, real processes, while all of
//! them are being killed. What was acknowledged is there, once, and everybody saw the same in the
//! same order.
//!
//! The short form runs with the others. The long one, with 30 writers and 300 readers, runs when
//! asked for:
//!
//! ```text
//! TOMBOLO_BIN=target/release/tombolo cargo test --release -p tombolo-e2e --test chat -- --ignored
//! ```
//! `TOMBOLO_CHAT_SECONDS` sets its length (60 unless told).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod cluster;
mod history;
mod memory;
mod reader;
mod writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tombolo_e2e::{Chance, Postgres};

use cluster::Cluster;
use history::{Going, History};

/// How much is going on.
#[derive(Clone, Copy)]
struct Size {
    writers: usize,
    readers: usize,
    time: Duration,
}

const SHORT: Size = Size { writers: 10, readers: 40, time: Duration::from_secs(12) };

fn long() -> Size {
    let seconds = std::env::var("TOMBOLO_CHAT_SECONDS").ok().and_then(|text| text.parse().ok());
    Size { writers: 30, readers: 300, time: Duration::from_secs(seconds.unwrap_or(60)) }
}

#[test]
fn nothing_is_lost_on_sqlite() {
    survive(None, SHORT);
}

#[test]
fn nothing_is_lost_on_postgres() {
    if let Some(postgres) = Postgres::start() {
        survive(Some(postgres), SHORT);
    }
}

#[test]
#[ignore = "takes minutes"]
fn nothing_is_lost_on_sqlite_for_long() {
    survive(None, long());
}

#[test]
#[ignore = "takes minutes"]
fn nothing_is_lost_on_postgres_for_long() {
    survive(Postgres::start(), long());
}

/// Lets writers write and readers read while everything is killed, then judges.
fn survive(postgres: Option<Postgres>, size: Size) {
    let mut cluster = Cluster::start(postgres);
    let gateway = cluster.gateway_address();
    let (writing, reading) = (AtomicBool::new(true), AtomicBool::new(true));
    let history = History::default();
    thread::scope(|scope| {
        let _going = Going([&writing, &reading]);
        let writers: Vec<_> = (0..size.writers)
            .map(|number| {
                let (writing, history) = (&writing, &history);
                scope.spawn(move || writer::run(gateway, number, writing, history))
            })
            .collect();
        let readers: Vec<_> = (0..size.readers)
            .map(|number| {
                let (reading, history) = (&reading, &history);
                // One in ten takes its time.
                scope.spawn(move || reader::run(gateway, number % 10 == 9, reading, history))
            })
            .collect();
        torment(&mut cluster, size.time);
        writing.store(false, Ordering::Relaxed);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let log = history.judge_log(gateway);
        history.wait_for_readers(size.readers, log.len());
        reading.store(false, Ordering::Relaxed);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), log, "a reader saw something else");
        }
        let Cluster { kills, .. } = cluster;
        eprintln!("{} messages, {} readers, {kills} kills: one order", log.len(), size.readers);
    });
}

/// Kills one after the other, and starts each again.
fn torment(cluster: &mut Cluster, time: Duration) {
    let end = Instant::now() + time;
    let mut chance = Chance::new();
    let mut round = 0;
    while Instant::now() < end {
        // The time between two blows is the test's load, not its patience.
        thread::sleep(Duration::from_millis(600 + chance.below(600) as u64));
        match round % 4 {
            3 => cluster.kill_gateway(),
            _ => cluster.kill_replica(chance.below(3)),
        }
        if round == 5 {
            cluster.crash_database();
        }
        round += 1;
    }
}
