//! SIGTERM: nobody new, and those who are there may finish.

use crate::{Tcp, echo};
use rustix::process::Signal;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tombolo_e2e::{Client, Origin, Tombolo, eventually};

fn talking(drain: &str) -> (Origin, Tombolo, Client) {
    let origin = Origin::start(echo);
    let gateway = Tcp::to([&origin])
        .workers(2)
        .gateway(format!("[gateway.timeouts]\ndrain = \"{drain}\""))
        .start();
    let mut client = gateway.connect();
    client.send("a");
    assert_eq!(client.wire.read_exact(1).expect("the echo"), b"a");
    (origin, gateway, client)
}

fn wait_until_closed(gateway: &Tombolo) {
    let address = gateway.address();
    eventually("new connections to be refused", || TcpStream::connect(address).err());
}

#[test]
fn what_is_open_goes_on_until_it_ends() {
    let (_origin, mut gateway, mut client) = talking("1m");
    gateway.signal(Signal::TERM);
    wait_until_closed(&gateway);
    for _ in 0..3 {
        client.send("still here");
        assert_eq!(client.wire.read_exact(10).expect("the echo"), b"still here");
    }
    assert!(gateway.runs());
    client.half_close();
    client.expect_close();
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
    let line = gateway.stderr().wait_for_text("passed on over TCP");
    assert!(line.contains("bytes_in=31") && line.contains("bytes_out=31"), "{line}");
}

#[test]
fn the_deadline_ends_what_does_not_end_itself() {
    let (origin, mut gateway, mut client) = talking("500ms");
    let asked = Instant::now();
    gateway.signal(Signal::TERM);
    gateway.wait_for_exit();
    let took = asked.elapsed();
    assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&took), "{took:?}");
    client.expect_close();
    origin.settled();
}
