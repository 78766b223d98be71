//! Servers that are slow or fail, and clients that do not wait for them.

use super::{Fault, fault, good, start};
use std::time::Duration;
use tombolo_e2e::{Gate, Origin, Setup, eventually, scripts};

pub(super) fn faults() -> Vec<Fault> {
    vec![
        no_server_up(),
        server_fails(),
        server_slow(),
        clients_leave(),
        queue_long(),
        retry_budget_spent(),
    ]
}

/// Takes so long for each answer.
fn slow(time: Duration) -> Origin {
    Origin::start(move |connection| {
        loop {
            connection.read_request()?;
            std::thread::sleep(time);
            connection.write(scripts::ok("ok"))?;
        }
    })
}

fn no_server_up() -> Fault {
    let mut only = good();
    let checks = "health = { path = \"/\", interval = \"200ms\", timeout = \"1s\", healthy = 1, unhealthy = 2 }";
    let setup = Setup::to(&only).upstream(checks);
    let alarms = &["NoServerUp", "ServerDown"];
    fault("the only server stopped", alarms, start(setup), move |_| only.stop())
}

/// Each second request comes to a server that breaks it off, and goes on to the other.
fn server_fails() -> Fault {
    let staying = good();
    let failing = Origin::start(scripts::read_and_reset());
    let setup =
        Setup::to_all([&staying, &failing]).upstream("ejection = false\nretry_budget = false");
    fault("a server breaks off again and again", &["ServerFails"], start(setup), move |gateway| {
        let mut client = gateway.connect();
        (0..60).for_each(|_| assert_eq!(client.get("/").status(), 200, "another server answers"));
        assert!(failing.connections() >= 20 && staying.connections() > 0);
    })
}

fn server_slow() -> Fault {
    let origin = slow(Duration::from_secs(3));
    fault("a server is slow", &["ServerSlow"], start(Setup::to(&origin)), move |gateway| {
        assert_eq!(gateway.connect().get("/").status(), 200);
        assert_eq!(origin.connections(), 1);
    })
}

fn clients_leave() -> Fault {
    let gate = Gate::new();
    let opened = gate.clone();
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        opened.wait("the end of the fault");
        connection.write(scripts::ok("ok"))
    });
    fault("clients do not wait", &["ClientsLeave"], start(Setup::to(&origin)), move |gateway| {
        for count in 1..6 {
            let mut client = gateway.connect();
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            let asked = || (origin.connections() >= count).then_some(());
            eventually("the request at the server", asked);
            client.reset();
        }
        gate.open();
    })
}

/// The second of three waits one answer long, the third two.
fn queue_long() -> Fault {
    let origin = slow(Duration::from_millis(1200));
    let setup = Setup::to(&origin).upstream("limit = { in_flight = 1, queue = 9, wait = \"20s\" }");
    fault("a queue is long", &["QueueLong"], start(setup), move |gateway| {
        let mut clients = [gateway.connect(), gateway.connect(), gateway.connect()];
        clients.iter_mut().for_each(|client| client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        for client in &mut clients {
            assert_eq!(client.read_response().unwrap().status(), 200);
        }
        assert!(origin.connections() >= 1);
    })
}

/// One request in many may not be repeated: that is an alarm, and no share of errors that is another.
fn retry_budget_spent() -> Fault {
    let (one, other, plain) = (
        Origin::start(scripts::read_and_reset()),
        Origin::start(scripts::read_and_reset()),
        good(),
    );
    let routes = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\n[[route]]\npath = \"/plain\"\nupstream = \"plain\"\n\
         [[upstream]]\nname = \"plain\"\nservers = [\"{}\"]",
        plain.address()
    );
    let setup = Setup::to_all([&one, &other])
        .upstream("ejection = false\nretry_budget = { percent = 0, per_second = 0 }")
        .routes(&routes);
    fault("no repeat is left", &["RetryBudgetSpent"], start(setup), move |gateway| {
        let mut client = gateway.connect();
        let mut much = || (0..300).for_each(|_| assert_eq!(client.get("/plain").status(), 200));
        much();
        assert_eq!(gateway.connect().get("/").status(), 502);
        much();
        assert!(one.connections() + other.connections() == 1 && plain.connections() > 0);
    })
}
