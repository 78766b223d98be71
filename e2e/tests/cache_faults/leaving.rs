//! Fills whose client leaves, whose upstream dies, whose upstream hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::{Frame, begin, caching, content, finish, get, is_hit, proceed};
use tombolo_e2e::{Client, Gate, Origin, Tombolo, WireError, eventually, scripts};

const MIB: usize = 1 << 20;

/// An origin that sends `come` bytes, waits for the gate, and then the rest; how much it could
/// send in all is counted.
fn pausing(length: usize, come: usize, gate: &Gate) -> (Origin, Arc<AtomicUsize>) {
    let (body, gate) = (content::body(3, length), gate.clone());
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let origin = Origin::start(move |connection| {
        loop {
            connection.read_request()?;
            begin(connection, Frame::Length, &body, come)?;
            gate.wait("the test to let the rest go");
            for piece in body[come..].chunks(64 << 10) {
                proceed(connection, Frame::Length, piece)?;
                counter.fetch_add(piece.len(), Ordering::SeqCst);
            }
            finish(connection, Frame::Length)?;
        }
    });
    (origin, sent)
}

/// Asks, reads so many bytes, vanishes; returns when the gateway has noticed.
fn come_and_go(gateway: &Tombolo, path: &str, count: usize) {
    let mut client = gateway.connect();
    client.send(get(path));
    client.wire.read_head().expect("a head");
    client.wire.read_exact(count).expect("what has come");
    client.reset();
    gateway.wait_for_record("a line for who left", |line| {
        line["target"] == path && !line["error"].is_null()
    });
}

#[test]
fn a_fill_that_nobody_follows_goes_on_when_most_has_come() {
    let gate = Gate::new();
    let (origin, _) = pausing(2 * MIB, MIB + MIB / 2, &gate);
    let gateway = caching(&origin, "").start();
    come_and_go(&gateway, "/most", MIB + MIB / 2);
    gate.open();
    let answer = eventually("the response to be stored", || {
        let answer = gateway.connect().get("/most");
        is_hit(&answer).then_some(answer)
    });
    assert_eq!(content::seed_of(&answer.body), Ok(3));
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_fill_that_nobody_follows_stops_when_much_is_left() {
    let gate = Gate::new();
    let (origin, sent) = pausing(64 * MIB, MIB, &gate);
    let gateway = caching(&origin, "").start();
    come_and_go(&gateway, "/much", MIB);
    gate.open();
    eventually("upstream to be left", || (origin.open() == 0).then_some(()));
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 32 * MIB, "{sent} bytes came for nobody");
    let folder = gateway.folder().join("cache");
    eventually("the unfinished file to go", || {
        (crate::disk_use(&folder.join("entries")) + crate::disk_use(&folder.join("tmp")) == 0)
            .then_some(())
    });
}

#[test]
fn a_fill_goes_on_for_one_who_waits() {
    let gate = Gate::new();
    let (origin, _) = pausing(8 * MIB, MIB, &gate);
    let gateway = caching(&origin, "").start();
    let mut first = gateway.connect();
    first.send(get("/one"));
    first.wire.read_exact(1000).expect("the first bytes");
    let mut second = gateway.connect();
    second.send(get("/one"));
    let head = second.wire.read_head().expect("a head");
    assert!(head.one("cache-status").is_some_and(|status| status.contains("collapsed")));
    first.reset();
    gateway.wait_for_record("a line for who left", |line| !line["error"].is_null());
    gate.open();
    let (body, _) = second.wire.read_body(tombolo_e2e::Framing::Length(8 << 20)).expect("all");
    assert_eq!(content::seed_of(&body), Ok(3));
    assert_eq!(origin.requests().len(), 1);
}

/// Sends half an answer and dies, the first time; then answers well.
fn dying(frame: Frame, gate: &Gate) -> Origin {
    let (body, gate) = (content::body(5, MIB), gate.clone());
    Origin::start(move |connection| {
        loop {
            connection.read_request()?;
            // Asked before anything is sent: what is sent lets the test open it.
            let dies = !gate.is_open();
            begin(connection, frame, &body, MIB / 2)?;
            if dies {
                gate.wait("the test to let it die");
                socket2::SockRef::from(connection.wire.stream())
                    .set_linger(Some(Duration::ZERO))?;
                return Err(WireError::Reset);
            }
            proceed(connection, frame, &body[MIB / 2..])?;
            if !finish(connection, frame)? {
                return Ok(());
            }
        }
    })
}

#[test]
fn an_upstream_that_dies_in_the_middle_is_a_cut_for_all_and_stored_for_none() {
    for frame in [Frame::Length, Frame::Chunked, Frame::UntilClose] {
        let gate = Gate::new();
        let origin = dying(frame, &gate);
        let gateway = caching(&origin, "").workers(2).start();
        let mut clients: Vec<Client> = (0..50).map(|_| gateway.connect()).collect();
        clients.iter_mut().for_each(|client| client.send(get("/dying")));
        let heads: Vec<_> =
            clients.iter_mut().map(|client| client.wire.read_head().expect("a head")).collect();
        assert_eq!(origin.requests().len(), 1, "{frame:?}");
        gate.open();
        for (mut client, head) in clients.into_iter().zip(heads) {
            let framing = head.response_framing("GET").expect("plain framing");
            match client.wire.read_body(framing) {
                Err(WireError::Truncated(part)) => {
                    content::starts(5, &part).unwrap();
                    assert!(part.len() < MIB, "{frame:?}");
                }
                other => panic!("{frame:?}: not cut: {:?}", other.map(|(body, _)| body.len())),
            }
        }
        let again = gateway.connect().get("/dying");
        assert!(!is_hit(&again), "{frame:?}: {:?}", again.head);
        assert_eq!(content::seed_of(&again.body), Ok(5));
        assert_eq!(origin.requests().len(), 2, "{frame:?}");
    }
}

/// The first request upstream is never answered.
#[test]
fn those_who_wait_for_an_upstream_that_hangs_ask_for_themselves() {
    let origin = Origin::start(|connection| match connection.number {
        0 => {
            connection.read_request()?;
            connection.read_to_close()
        }
        _ => scripts::answer(
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 2\r\n\r\nok",
        )(connection),
    });
    let gateway = caching(&origin, "").start();
    let mut stuck = gateway.connect();
    stuck.send(get("/slow"));
    eventually("the first request upstream", || (origin.requests().len() == 1).then_some(()));
    let began = Instant::now();
    let mut waiting: Vec<_> = (0..20).map(|_| gateway.connect()).collect();
    waiting.iter_mut().for_each(|client| client.send(get("/slow")));
    for client in &mut waiting {
        assert_eq!(client.read_response().expect("an answer").text(), "ok");
    }
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(4), "they did not wait: {waited:?}");
    assert!(waited < Duration::from_secs(9), "{waited:?}");
    // One of them took the place of the one that hangs: who comes now need not wait.
    let began = Instant::now();
    let next = gateway.connect().get("/slow");
    assert!(is_hit(&next), "{:?}", next.head);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    stuck.reset();
}
