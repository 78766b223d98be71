//! A rolling deploy under load: drain, wait, stop, start, undrain, one server after the other, with
//! every policy and default settings.

use std::net::SocketAddr;

use crate::load::Load;
use crate::moods::{Mood, Moody};
use crate::{start, upstream};
use tombolo_e2e::{Gate, Origin, Setup, Tombolo, scripts};

const POLICIES: [&str; 6] = ["round-robin", "least-requests", "p2c", "peak-ewma", "random", "hash"];

fn operate(admin: SocketAddr, arguments: &[&str]) -> tombolo_e2e::Finished {
    let folder = tempfile::tempdir().unwrap();
    let admin = admin.to_string();
    Tombolo::run(folder.path(), &[arguments, &["--admin", &admin]].concat())
}

fn done(admin: SocketAddr, arguments: &[&str]) {
    let finished = operate(admin, arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

/// Each server is replaced while its peer serves; the second is drained while the first starts slowly.
fn roll(policy: &str) {
    let mut servers: Vec<Moody> = (0..2).map(|_| Moody::start(Mood::Well)).collect();
    let setup = Setup::to_all(servers.iter().map(|server| &server.origin))
        .upstream(&format!("policy = \"{policy}\""))
        .workers(2);
    let (gateway, admin) = start(setup);
    let load = Load::start(gateway.address(), 2);
    load.go_on(20);
    for server in &mut servers {
        let address = server.origin.address();
        let name = format!("app/{address}");
        done(admin, &["drain", &name, "--wait"]);
        let before = server.taken();
        load.go_on(60);
        assert_eq!(server.taken(), before, "{policy}: a drained server was asked");
        server.restart();
        load.go_on(20);
        assert_eq!(server.taken(), 0, "{policy}: a drained server was asked");
        done(admin, &["undrain", &name]);
        load.go_on(20);
    }
    load.stop_without_a_failure();
    let told = upstream(admin);
    assert_eq!(told["retries"]["granted"], 0, "{policy}: {told}");
    for backend in told["backends"].as_array().unwrap() {
        for outcome in ["unreachable", "timed_out", "failed"] {
            assert_eq!(backend["attempts"][outcome], 0, "{policy}: {backend}");
        }
    }
}

#[test]
fn a_rolling_deploy_fails_and_repeats_no_request() {
    std::thread::scope(|scope| {
        let each = POLICIES.map(|policy| scope.spawn(move || roll(policy)));
        each.into_iter().for_each(|policy| policy.join().unwrap());
    });
}

#[test]
fn waiting_for_a_drain_ends_with_the_last_request_or_at_its_deadline() {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        gates.0.open();
        gates.1.wait("the test");
        connection.write(scripts::ok("done"))
    });
    let (gateway, admin) = start(Setup::to(&origin));
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait("the request to be under way");
    let name = format!("app/{}", origin.address());
    let late = operate(admin, &["drain", &name, "--wait", "--deadline", "200ms"]);
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.stderr.contains("still in flight"), "{late:?}");
    assert!(late.stdout.contains("1 in flight"), "{late:?}");
    let waiting = std::thread::spawn(move || operate(admin, &["drain", &name, "--wait"]));
    leave.open();
    assert_eq!(client.read_response().unwrap().text(), "done");
    let finished = waiting.join().unwrap();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("0 in flight"), "{finished:?}");
    for wrong in [&["drain", "--wait"][..], &["drain", "app", "--deadline", "1s"]] {
        assert_eq!(operate(admin, wrong).code, Some(2), "{wrong:?}");
    }
}
