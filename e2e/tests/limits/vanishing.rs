//! Clients that leave in the middle: the upstream is told, and nothing of them stays.

use crate::let_go;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tombolo_e2e::{Client, Gate, Origin, Setup, Tombolo, eventually, scripts};

/// Endless or silent, by path; anything else is answered.
fn origin() -> Origin {
    Origin::start(|connection| {
        loop {
            let head = connection.wire.read_head()?;
            match head.target() {
                "/endless" => {
                    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
                    while connection.write(&chunk).is_ok() {}
                    return Ok(());
                }
                "/silent" | "/upload" => return connection.read_to_close(),
                _ => connection.write(scripts::ok("ok"))?,
            }
        }
    })
}

#[derive(Clone, Copy, Debug)]
enum Leave {
    Reset,
    Close,
}

fn leave(client: Client, how: Leave) {
    match how {
        Leave::Reset => client.reset(),
        Leave::Close => drop(client),
    }
}

/// Leaves `times` times after `begin`; the upstream connections end and the descriptors are as
/// before.
fn nothing_stays(begin: impl Fn(&mut Client), how: &[Leave], target: &str) {
    let origin = origin();
    let gateway = Setup::to(&origin).start();
    gateway.connect().get("/");
    let before = steady(&gateway);
    for round in 0..20 {
        for &how in how {
            let mut client = gateway.connect();
            begin(&mut client);
            leave(client, how);
            let what = format!("the upstream to be told, {target}, {how:?}, round {round}");
            eventually(&what, || (origin.open() <= 1).then_some(()));
        }
    }
    eventually("the descriptors to be as before", || {
        (gateway.figures().descriptors <= before).then_some(())
    });
    gateway.wait_for_record("a line for who left", |record| record["target"] == target);
    assert_eq!(gateway.connect().get("/").text(), "ok");
}

/// The number of descriptors once the one client of the warm-up is gone.
fn steady(gateway: &Tombolo) -> usize {
    let mut last = usize::MAX;
    let mut same = 0;
    eventually("the descriptors to settle", || {
        let now = gateway.figures().descriptors;
        same = if now == last { same + 1 } else { 0 };
        last = now;
        (same == 20).then_some(now)
    })
}

#[test]
fn in_the_middle_of_an_upload() {
    for framing in ["Content-Length: 100000", "Transfer-Encoding: chunked"] {
        let begin = |client: &mut Client| {
            let body = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            client.send(format!("POST /upload HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n{body}"));
        };
        nothing_stays(begin, &[Leave::Reset, Leave::Close], "/upload");
    }
}

#[test]
fn in_the_middle_of_a_download() {
    let begin = |client: &mut Client| {
        client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        client.wire.read_exact(100_000).expect("some of it");
    };
    nothing_stays(begin, &[Leave::Reset, Leave::Close], "/endless");
}

/// While the upstream still thinks. (An orderly close alone might be a client that only stopped
/// sending and still listens, so it is a reset here.)
#[test]
fn before_the_answer() {
    let begin = |client: &mut Client| {
        client.send("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n");
    };
    nothing_stays(begin, &[Leave::Reset], "/silent");
}

/// One that half-closed would have five seconds.
#[test]
fn after_a_reset_the_upstream_is_told_at_once() {
    let origin = origin();
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n");
    eventually("the request", || (origin.open() == 1).then_some(()));
    let left = Instant::now();
    client.reset();
    let_go(&origin);
    assert!(left.elapsed() < Duration::from_secs(4), "{:?}", left.elapsed());
    let record = gateway.wait_for_record("its line", |record| record["target"] == "/silent");
    assert_eq!(record["status"], 499);
}

#[test]
fn in_the_middle_of_a_head() {
    let origin = origin();
    let gateway = Setup::to(&origin).start();
    gateway.connect().get("/");
    let before = steady(&gateway);
    for how in [Leave::Reset, Leave::Close].repeat(20) {
        let mut client = gateway.connect();
        client.send("GET /never HTTP/1.1\r\nHos");
        leave(client, how);
    }
    eventually("the descriptors to be as before", || {
        (gateway.figures().descriptors <= before).then_some(())
    });
    assert_eq!(origin.connections(), 1);
}

/// What an upload that was cut left at the upstream must not look like a whole request.
#[test]
fn a_cut_upload_never_looks_whole() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    for framing in ["Content-Length: 9", "Transfer-Encoding: chunked"] {
        let mut client = gateway.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n4\r\nabcd"));
        client.half_close();
        let outcome = client.read_response();
        let refused = outcome.as_ref().map_or(true, |answer| answer.status() == 400);
        assert!(refused, "{framing}: {outcome:?}");
        let_go(&origin);
    }
    gateway.kill();
    origin.settled();
    assert!(origin.requests().is_empty());
}

/// Many clients leaving at once while others are served.
#[test]
fn a_crowd_that_leaves_does_not_hurt_who_stays() {
    let origin = origin();
    let gateway = Setup::to(&origin).workers(2).start();
    let (served, stop) = (AtomicUsize::new(0), Gate::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = gateway.connect();
            // Few enough to end by themselves, should the crowd fail.
            while !stop.is_open() && served.load(Ordering::Relaxed) < 100_000 {
                assert_eq!(client.get("/").text(), "ok");
                served.fetch_add(1, Ordering::Relaxed);
            }
        });
        for _ in 0..10 {
            let crowd: Vec<_> = (0..20)
                .map(|n| {
                    let mut client = gateway.connect();
                    let path = ["/endless", "/silent"][n % 2];
                    client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
                    client
                })
                .collect();
            crowd.into_iter().for_each(Client::reset);
        }
        stop.open();
    });
    assert!(served.load(Ordering::Relaxed) > 0);
    eventually("the upstream to be told", || (origin.open() <= 2).then_some(()));
}
