//! A server that falls silent gives back the requests that wait there, if they can be sent once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{server_is, start, upstream};
use tombolo_e2e::{Gate, Origin, Setup, eventually, scripts};

/// A server that answers with its name, but nothing at all, checks neither, while it is silent.
fn server(name: &'static str, silent: &Arc<AtomicBool>, speak: &Gate) -> Origin {
    let (silent, speak) = (Arc::clone(silent), speak.clone());
    Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            if silent.load(Ordering::SeqCst) {
                speak.wait("the test");
            }
            let text = format!("{name} {}", String::from_utf8_lossy(&request.body));
            connection.write(scripts::ok(&text))?;
        }
    })
}

#[test]
fn what_can_be_repeated_goes_elsewhere_and_the_rest_waits() {
    let (speak, never) = (Gate::new(), Gate::new());
    let (silent, well) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let servers = [server("silent", &silent, &speak), server("well", &well, &never)];
    let setup = Setup::to_all(&servers).upstream("health = { path = \"/health\" }");
    let (gateway, admin) = start(setup.upstream("policy = \"hash\"\nhash_on = \"header:x-key\""));
    let get = |key: usize| format!("GET / HTTP/1.1\r\nHost: x\r\nX-Key: {key}\r\n\r\n");
    let key = (0..)
        .find(|key| gateway.connect().exchange(get(*key)).text().starts_with("silent"))
        .unwrap();
    silent.store(true, Ordering::SeqCst);
    let requests = [
        get(key),
        format!("PUT / HTTP/1.1\r\nHost: x\r\nX-Key: {key}\r\nContent-Length: 3\r\n\r\nput"),
        format!("POST / HTTP/1.1\r\nHost: x\r\nX-Key: {key}\r\nContent-Length: 4\r\n\r\npost"),
    ];
    let [mut got, mut put, mut posted] = requests.map(|request| {
        let mut client = gateway.connect();
        client.send(request);
        client
    });
    assert_eq!(got.read_response().unwrap().text(), "well ");
    assert_eq!(put.read_response().unwrap().text(), "well put");
    server_is(admin, 0, &["ejected", "down"]);
    assert_eq!(upstream(admin)["backends"][0]["in_flight"], 1, "the POST");
    assert_eq!(upstream(admin)["retries"]["granted"], 2);
    // It speaks again: the POST is answered where it was sent, and a check brings the server back.
    silent.store(false, Ordering::SeqCst);
    speak.open();
    assert_eq!(posted.read_response().unwrap().text(), "silent post");
    server_is(admin, 0, &["up"]);
    // Its share grows; then it has its keys again.
    eventually("its key", || {
        gateway.connect().exchange(get(key)).text().starts_with("silent").then_some(())
    });
}

/// Slow answers are no silence: a server whose checks are answered keeps its requests.
#[test]
fn a_server_that_takes_its_time_keeps_its_requests() {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let origin = |gates: (Gate, Gate)| {
        Origin::start(move |connection| {
            loop {
                let request = connection.read_request()?;
                if request.head.target() != "/health" {
                    gates.0.open();
                    gates.1.wait("the test");
                }
                connection.write(scripts::ok("done"))?;
            }
        })
    };
    let servers = [origin(gates.clone()), origin(gates)];
    let setup = Setup::to_all(&servers).upstream("health = { path = \"/health\" }");
    let (gateway, admin) = start(setup);
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait("the request to be under way");
    let checks =
        |index: usize| upstream(admin)["backends"][index]["checks"]["succeeded"].as_u64().unwrap();
    let asked = usize::from(upstream(admin)["backends"][1]["in_flight"] == 1);
    let before = checks(asked);
    // The wait brings checks forward, several within a second; they are answered.
    eventually("checks", || (checks(asked) >= before + 3).then_some(()));
    assert_eq!(upstream(admin)["backends"][asked]["state"], "up");
    leave.open();
    assert_eq!(client.read_response().unwrap().text(), "done");
    assert_eq!(upstream(admin)["retries"]["granted"], 0);
}
