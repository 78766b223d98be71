//! Drain: the first signal ends politely, the second at once.

use rustix::process::Signal;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tombolo_e2e::{Client, Gate, Origin, Setup, Tombolo, eventually, scripts};

/// A gateway with one request under way, which the origin holds until the gate opens.
fn busy(timeouts: &str) -> (Origin, Tombolo, Client, Gate) {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let origin = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            if request.head.target() == "/held" {
                gates.0.open();
                gates.1.wait("the test");
            }
            connection.write(scripts::ok("done"))?;
        }
    });
    let gateway = Setup::to(&origin).workers(2).timeouts(timeouts).start();
    let mut client = gateway.connect();
    client.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait("the request to be under way");
    (origin, gateway, client, leave)
}

fn wait_until_closed(gateway: &Tombolo) {
    let address = gateway.address();
    eventually("new connections to be refused", || TcpStream::connect(address).err());
}

#[test]
fn what_is_under_way_is_finished() {
    for signal in [Signal::TERM, Signal::INT] {
        let (_origin, mut gateway, mut client, leave) = busy("");
        let mut idle = gateway.connect();
        idle.get("/");
        gateway.signal(signal);
        wait_until_closed(&gateway);
        idle.expect_close();
        assert!(gateway.runs(), "one request is still under way");
        leave.open();
        let answer = client.read_response().expect("the answer");
        assert_eq!((answer.status(), answer.text()), (200, "done".into()));
        assert_eq!(answer.head.one("connection"), Some("close"), "told to go elsewhere");
        client.expect_close();
        let status = gateway.wait_for_exit();
        assert_eq!(status.code(), Some(0), "{status}");
        let log = gateway.stdout();
        log.wait_for_end();
        assert!(log.text().contains("/held"), "its line is in the log: {}", log.text());
    }
}

#[test]
fn a_large_download_is_finished() {
    const SIZE: usize = 20 << 20;
    let origin = Origin::start(|connection| {
        connection.read_request()?;
        connection.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"))?;
        connection.write(vec![b'x'; SIZE])
    });
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.wire.read_head().expect("the head");
    gateway.signal(Signal::TERM);
    wait_until_closed(&gateway);
    assert_eq!(client.wire.read_exact(SIZE).expect("the whole body").len(), SIZE);
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
}

#[test]
fn a_request_that_has_begun_to_arrive_is_finished() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
    eventually("the request to be under way", || (origin.connections() == 1).then_some(()));
    gateway.signal(Signal::TERM);
    wait_until_closed(&gateway);
    client.send("world");
    assert_eq!(client.read_response().expect("the answer").text(), "ok");
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
}

#[test]
fn the_second_signal_ends_at_once() {
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::INT)] {
        let (_origin, mut gateway, mut client, leave) = busy("");
        gateway.signal(first);
        wait_until_closed(&gateway);
        assert!(gateway.runs());
        let asked = Instant::now();
        gateway.signal(second);
        gateway.wait_for_exit();
        assert!(asked.elapsed() < Duration::from_secs(3), "at once took {:?}", asked.elapsed());
        assert!(client.read_response().is_err(), "what was under way is cut");
        leave.open();
    }
}

#[test]
fn the_deadline_ends_what_does_not_end_itself() {
    let (_origin, mut gateway, mut client, leave) = busy("drain = \"500ms\"");
    let asked = Instant::now();
    gateway.signal(Signal::TERM);
    gateway.wait_for_exit();
    let took = asked.elapsed();
    assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&took), "{took:?}");
    assert!(client.read_response().is_err(), "what was under way is cut");
    leave.open();
}

#[test]
fn an_idle_gateway_ends_at_once() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).workers(2).start();
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let mut client = gateway.connect();
            client.get("/");
            client
        })
        .collect();
    let asked = Instant::now();
    gateway.signal(Signal::TERM);
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(3), "it took {:?}", asked.elapsed());
    for mut client in clients {
        client.expect_close();
    }
}

/// The port is free again at once: a restart need not wait.
#[test]
fn the_port_is_free_afterwards() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    gateway.connect().get("/");
    let address = gateway.address().to_string();
    gateway.signal(Signal::TERM);
    gateway.wait_for_exit();
    let upstream = origin.address().to_string();
    let again = ["gateway", "--upstream", &upstream, "--listen", &address, "--workers", "1"];
    let gateway = Tombolo::start(&again).listening();
    assert_eq!(gateway.connect().get("/").text(), "ok");
}

#[test]
fn hangup_does_not_end_it() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..3 {
        gateway.signal(Signal::HUP);
        assert_eq!(client.get("/").status(), 200);
    }
    assert!(gateway.runs());
}

/// Clients that keep connecting do not keep a gateway from ending.
#[test]
fn a_flood_of_connections_does_not_hold_it() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).workers(1).start();
    let address = gateway.address();
    let flood: Vec<_> = (0..6)
        .map(|_| {
            std::thread::spawn(move || {
                let mut held = Vec::new();
                while let Ok(stream) = TcpStream::connect(address) {
                    held.push(stream);
                    held.truncate(500);
                }
            })
        })
        .collect();
    eventually("the flood", || (gateway.figures().sockets > 500).then_some(()));
    let asked = Instant::now();
    gateway.signal(Signal::TERM);
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    for thread in flood {
        thread.join().expect("refused at last");
    }
}
