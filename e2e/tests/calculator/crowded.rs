//! More clients and more work than there is room for: what is beyond is told so at once, and what
//! was there before goes on.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use tombolo_e2e::{PATIENCE, eventually};

use crate::replica::{Talk, replica};

/// Connections that a replica serves at once, as the protocol's document says.
const CONNECTIONS: usize = 8192;
/// Evaluations that may wait for a turn, as the protocol's document says.
const TURNS_WAITING: usize = 4096;
/// More than are evaluated at once on any machine this runs on.
const BEYOND: usize = 300;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the replica takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream
}

fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("what is sent is taken");
    let mut answer = [0; 256];
    let read = stream.read(&mut answer).expect("an answer in time");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[test]
fn one_connection_too_many_is_told_so_and_the_others_go_on() {
    tombolo_e2e::allow_descriptors(CONNECTIONS as u64 + 200);
    let replica = replica("calculator-1");
    let mut crowd: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect(replica.address())).collect();
    // The last of them has a place: so have all before it.
    assert_eq!(ask(crowd.last_mut().expect("a crowd"), "EVAL 1+1\n"), "OK 2\n");
    let turned_away = Talk::to(replica.address()).finish();
    assert_eq!(turned_away, ["BYE busy too many connections, try again later"]);
    assert_eq!(ask(&mut crowd[0], "EVAL 2+2\n"), "OK 4\n");
    // A place that becomes free is given to the next.
    drop(crowd.pop());
    let served = || Talk::to(replica.address()).ask("PING") == "OK pong";
    eventually("a place", || served().then_some(()));
}

#[test]
fn too_many_evaluations_are_refused_at_once_and_plain_sums_go_on() {
    let all = TURNS_WAITING + BEYOND;
    tombolo_e2e::allow_descriptors(all as u64 + 200);
    let replica = replica("calculator-1");
    let mut plain = Talk::to(replica.address());
    let mut crowd: Vec<TcpStream> = (0..all).map(|_| connect(replica.address())).collect();
    for stream in &mut crowd {
        stream.write_all(b"EVAL 1 km * 2^(2^40)\n").expect("what is sent is taken");
    }
    let busy = eventually("a refusal", || {
        crowd.iter_mut().find_map(|stream| {
            stream.set_nonblocking(true).expect("a socket");
            let mut answer = [0; 256];
            let read = stream.read(&mut answer).ok()?;
            let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
            answer.starts_with("ERR busy ").then_some(answer)
        })
    });
    assert!(busy.contains("again"), "it does not tell the next step: {busy}");
    assert_eq!(plain.ask("EVAL 6*7"), "OK 42");
    // Who has closed may still wait for an answer, but nobody waits for a turn longer than ten seconds.
    drop(crowd);
    let served = || Talk::to(replica.address()).ask("EVAL 3 km to m") == "OK 3000 m";
    assert!((0..3).any(|_| served()), "who comes later gets no turn");
}
