//! While the gateway drains it says so: load balancers before it can send requests elsewhere.

use super::{get, json, start};
use rustix::process::Signal;
use tombolo_e2e::{Gate, Origin, Setup, eventually, scripts};

#[test]
fn not_ready_while_draining() {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        gates.0.open();
        gates.1.wait("the test");
        connection.write(scripts::ok("done"))
    });
    let (mut gateway, admin) = start(Setup::to(&origin));
    assert_eq!((get(admin, "/readyz").status(), get(admin, "/healthz").status()), (200, 200));
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait("the request to be under way");
    gateway.signal(Signal::TERM);
    eventually("not ready", || (get(admin, "/readyz").status() == 503).then_some(()));
    assert_eq!(get(admin, "/readyz").text(), "draining\n");
    assert_eq!(get(admin, "/healthz").status(), 200, "the process lives");
    assert_eq!(json(&get(admin, "/api/v1/status"))["draining"], true);
    assert!(get(admin, "/metrics").text().contains("\ntombolo_draining 1\n"));
    leave.open();
    assert_eq!(client.read_response().unwrap().text(), "done");
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
}

/// A monitor that keeps its connection does not keep the gateway from ending.
#[test]
fn an_admin_connection_does_not_hold_it() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (mut gateway, admin) = start(Setup::to(&origin));
    let mut monitor = tombolo_e2e::Client::connect(admin);
    monitor.exchange(format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n"));
    let asked = std::time::Instant::now();
    gateway.signal(Signal::TERM);
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
    assert!(asked.elapsed() < std::time::Duration::from_secs(3), "{:?}", asked.elapsed());
}
