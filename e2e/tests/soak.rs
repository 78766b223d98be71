//! Ten minutes of mixed load, with clients that behave and clients that do not: memory stays flat and
//! nothing is left open. Takes long, so it runs only when asked for:
//!
//! ```text
//! cargo build --release -p tombolo
//! TOMBOLO_BIN=target/release/tombolo cargo test --release -p tombolo-e2e --test soak -- --ignored --nocapture
//! ```
//! `TOMBOLO_SOAK_SECONDS` sets another length.
#![allow(clippy::expect_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tombolo_e2e::{Connection, Origin, Setup, Tombolo, WireError, eventually};

/// What a large answer holds.
const LARGE: usize = 4 << 20;

/// Requests that went as they should, by kind.
#[derive(Default)]
struct Tally {
    small: AtomicU64,
    large: AtomicU64,
    uploads: AtomicU64,
    rude: AtomicU64,
}

#[test]
#[ignore = "takes ten minutes"]
fn memory_stays_flat_under_mixed_load() {
    let length = std::env::var("TOMBOLO_SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(length.unwrap_or(600));
    let origins = [Origin::start(answer), Origin::start(answer)];
    let gateway = Arc::new(Setup::to_all(&origins).access_log("file = \"access.log\"").start());
    let base = gateway.figures();
    let (stop, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Tally::default()));
    let kinds: [fn(&Tombolo, &Tally, u64); 4] = [small, large, upload, rude];
    let clients: Vec<_> = (0..8_u64)
        .map(|index| {
            let (gateway, stop, tally) =
                (Arc::clone(&gateway), Arc::clone(&stop), Arc::clone(&tally));
            thread::spawn(move || {
                let mut turn = index;
                while !stop.load(Ordering::Relaxed) {
                    kinds[(turn % 4) as usize](&gateway, &tally, turn);
                    turn += 1;
                }
            })
        })
        .collect();
    let samples = watch(&gateway, length);
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("a client found an answer wrong");
    }
    let half = samples.len() / 2;
    let peak = |of: &[u64]| of.iter().copied().max().unwrap_or(0);
    let (early, late) = (peak(&samples[..half]), peak(&samples[half..]));
    println!(
        "{:?}: {} small, {} large, {} uploads, {} rude; peak resident {} KiB in the first half, {} KiB in the second",
        length,
        tally.small.load(Ordering::Relaxed),
        tally.large.load(Ordering::Relaxed),
        tally.uploads.load(Ordering::Relaxed),
        tally.rude.load(Ordering::Relaxed),
        early >> 10,
        late >> 10,
    );
    assert!(late <= early + early / 10 + (2 << 20), "{early} bytes, later {late}");
    // Idle upstream connections may stay; everything of a client is gone.
    eventually("descriptors go back", || {
        (gateway.figures().sockets <= base.sockets + 64).then_some(())
    });
}

/// Resident memory, ten times over the length (the first tenth is left out: it warms up).
fn watch(gateway: &Tombolo, length: Duration) -> Vec<u64> {
    let began = Instant::now();
    let mut samples = Vec::new();
    while began.elapsed() < length {
        thread::sleep(length / 100);
        if began.elapsed() > length / 10 {
            samples.push(gateway.figures().resident_bytes);
        }
    }
    samples
}

/// Answers by path: `/large` with 4 MiB, `/chunked` in chunks, anything else with a few bytes.
fn answer(connection: &mut Connection) -> Result<(), WireError> {
    connection.stop_recording();
    loop {
        let request = connection.read_request()?;
        match request.head.target() {
            "/large" => {
                connection.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"))?;
                connection.write(vec![b'x'; LARGE])?;
            }
            "/chunked" => {
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                for _ in 0..100 {
                    connection.write("a\r\n0123456789\r\n")?;
                }
                connection.write("0\r\n\r\n")?;
            }
            _ => connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?,
        }
    }
}

/// A connection with a hundred requests, some of them pipelined.
fn small(gateway: &Tombolo, tally: &Tally, _turn: u64) {
    let mut client = gateway.connect();
    for _ in 0..50 {
        assert_eq!(client.get("/small").text(), "hello");
        assert_eq!(client.get("/chunked").body.len(), 1000);
        tally.small.fetch_add(2, Ordering::Relaxed);
    }
    let one = "GET /small HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(one.repeat(10));
    for _ in 0..10 {
        assert_eq!(client.read_response().expect("an answer").text(), "hello");
        tally.small.fetch_add(1, Ordering::Relaxed);
    }
}

fn large(gateway: &Tombolo, tally: &Tally, _turn: u64) {
    let mut client = gateway.connect();
    for _ in 0..3 {
        assert_eq!(client.get("/large").body.len(), LARGE);
        tally.large.fetch_add(1, Ordering::Relaxed);
    }
}

fn upload(gateway: &Tombolo, tally: &Tally, turn: u64) {
    let mut client = gateway.connect();
    let body = vec![b'u'; 1 << 20];
    if turn % 8 < 4 {
        client.send(format!(
            "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ));
        client.send(&body);
    } else {
        client.send("POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for piece in body.chunks(1000) {
            client.send(format!("{:x}\r\n", piece.len()));
            client.send(piece);
            client.send("\r\n");
        }
        client.send("0\r\n\r\n");
    }
    assert_eq!(client.read_response().expect("an answer").text(), "hello");
    tally.uploads.fetch_add(1, Ordering::Relaxed);
}

/// Clients that leave: inside a head, inside an upload, inside a download, with and without a reset.
fn rude(gateway: &Tombolo, tally: &Tally, turn: u64) {
    let mut client = gateway.connect();
    match turn / 4 % 5 {
        0 => {
            client.try_send("GET / HTT");
        }
        1 => {
            client.try_send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf");
        }
        2 => {
            client.try_send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
            client.quiet_for(Duration::from_millis(20));
        }
        3 => {
            client.try_send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
            client.quiet_for(Duration::from_millis(20));
            client.reset();
            tally.rude.fetch_add(1, Ordering::Relaxed);
            return;
        }
        _ => {
            client.try_send("nonsense\r\n\r\n");
        }
    }
    drop(client);
    tally.rude.fetch_add(1, Ordering::Relaxed);
}
