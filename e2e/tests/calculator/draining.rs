//! A replica that is told to end: what it has read is answered, then it says goodbye.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tombolo_e2e::eventually;

use crate::replica::{Talk, replica};

#[test]
fn what_was_read_is_answered_and_idle_clients_are_told() {
    let mut replica = replica("calculator-1");
    let mut idle = Talk::to(replica.address());
    assert_eq!(idle.ask("LET x = 1"), "OK 1");
    let mut busy = Talk::to(replica.address());
    // The evaluation takes its second; what is behind it has been read with it.
    busy.send("PING\nEVAL 9^9^9\nEVAL 6*7\n");
    assert_eq!(busy.line().as_deref(), Some("OK pong"));
    replica.signal(Signal::TERM);
    assert!(idle.line().unwrap().starts_with("BYE draining "));
    assert_eq!(idle.line(), None);
    assert!(busy.line().unwrap().starts_with("ERR timeout "));
    assert_eq!(busy.line().as_deref(), Some("OK 42"));
    assert!(busy.line().unwrap().starts_with("BYE draining "));
    assert_eq!(busy.line(), None);
    drop((idle, busy));
    assert_eq!(replica.wait_for_exit().code(), Some(0));
}

#[test]
fn who_keeps_sending_does_not_hold_the_end_up() {
    let mut replica = replica("calculator-1");
    let address = replica.address();
    let mut talk = Talk::to(address);
    let (begun, has_begun) = std::sync::mpsc::channel();
    let sender = std::thread::spawn(move || {
        let mut answers = 0_u64;
        assert_eq!(talk.ask("PING"), "OK pong");
        begun.send(()).unwrap();
        loop {
            if talk.stream.write_all(b"EVAL 1+1\n").is_err() {
                return answers;
            }
            match talk.try_line() {
                Ok(line) if line == "OK 2" => answers += 1,
                Ok(line) => {
                    assert!(line.starts_with("BYE draining "), "{line}");
                    return answers;
                }
                Err(_) => return answers,
            }
        }
    });
    has_begun.recv().unwrap();
    let start = Instant::now();
    replica.signal(Signal::TERM);
    eventually("that it listens no more", || TcpStream::connect(address).is_err().then_some(()));
    assert_eq!(replica.wait_for_exit().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    println!("{} answers until the end", sender.join().unwrap());
}

#[test]
fn the_second_signal_ends_at_once() {
    let mut replica = replica("calculator-1");
    let mut talk = Talk::to(replica.address());
    talk.send("PING\nEVAL 9^9^9\nEVAL 9^9^9\nEVAL 9^9^9\nEVAL 9^9^9\nEVAL 9^9^9\n");
    assert_eq!(talk.line().as_deref(), Some("OK pong"));
    replica.signal(Signal::TERM);
    replica.stderr().wait_for_text("draining");
    let start = Instant::now();
    replica.signal(Signal::INT);
    assert_eq!(replica.wait_for_exit().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}
