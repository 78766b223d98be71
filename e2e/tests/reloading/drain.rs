//! Drains: by name, of the gateway, and with a delay. Nothing new comes, what runs ends.

use crate::load::Load;
use crate::{Changing, Socket, json_of, origin};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tombolo_e2e::{Gate, Origin, Setup, Tombolo, eventually, scripts};

fn drain(changing: &Changing, how: &str, body: &Value) -> Value {
    let answer = changing.post(&format!("/api/v1/{how}"), body);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    json_of(&answer)
}

#[test]
fn a_drained_server_gets_nothing_new_and_ends_what_it_is_at() {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let one = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            if request.head.target() == "/held" {
                gates.0.open();
                gates.1.wait("the test");
            }
            connection.write(scripts::ok("one"))?;
        }
    });
    let two = origin("two");
    let changing = Changing::start(&Setup::to_all([&one, &two]).workers(2));
    let server = json!({"upstream": "app", "server": one.address().to_string()});
    let mut held = changing.gateway.connect();
    // In turn: one of the two is the first server.
    let mut other = changing.gateway.connect();
    let first = other.get("/").text();
    if first == "one" {
        assert_eq!(other.get("/").text(), "two");
    }
    held.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait("the request");
    let ((), load) = Load::during(changing.gateway.address(), 2, |load| {
        load.more(50);
        let told = drain(&changing, "drain", &server);
        assert_eq!(
            (&told["draining"], &told["servers"][0]["upstream"]),
            (&json!(true), &json!("app"))
        );
        assert!((0..20).all(|_| other.get("/").text() == "two"));
        assert_eq!(changing.backend(one.address())["state"], "draining");
        eventually("its idle connections to close", || (one.open() == 1).then_some(()));
        load.more(50);
    });
    load.expect_no_failure();
    leave.open();
    assert_eq!(held.read_response().unwrap().text(), "one");
    eventually("its last connection to close", || (one.open() == 0).then_some(()));
    drain(&changing, "undrain", &server);
    assert_eq!(changing.backend(one.address())["state"], "up");
    eventually("work to come again", || (other.get("/").text() == "one").then_some(()));
}

#[test]
fn a_client_that_a_cookie_keeps_moves() {
    let (one, two) = (origin("one"), origin("two"));
    let setup = Setup::to_all([&one, &two]).upstream("sticky = { cookie = \"s\" }");
    let changing = Changing::start(&setup);
    let mut client = changing.gateway.connect();
    let answer = client.get("/");
    let cookie = answer.head.one("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n");
    assert!((0..3).all(|_| client.exchange(&request).text() == answer.text()));
    let kept = if answer.text() == "one" { &one } else { &two };
    drain(&changing, "drain", &json!({"upstream": "app", "server": kept.address().to_string()}));
    let moved = client.exchange(&request);
    assert!(moved.text() != answer.text() && moved.head.one("set-cookie").is_some());
}

#[test]
fn what_does_not_end_is_cut_at_the_deadline_and_nothing_else_is() {
    let (one, two) = (origin("one"), origin("two"));
    let changing = Changing::start(&Setup::to_all([&one, &two]).timeouts("drain = \"500ms\""));
    let address = changing.gateway.address();
    let mut sockets = [Socket::open(address), Socket::open(address)];
    sockets.iter_mut().for_each(Socket::echo);
    assert_eq!((one.open(), two.open()), (1, 1), "one at each");
    let asked = Instant::now();
    drain(&changing, "drain", &json!({"upstream": "app", "server": one.address().to_string()}));
    eventually("the tunnel to be cut", || (one.open() == 0).then_some(()));
    assert!(asked.elapsed() >= Duration::from_millis(450), "{:?}", asked.elapsed());
    let alive = sockets.iter_mut().map(Socket::is_open).filter(|open| *open).count();
    assert_eq!((alive, two.open()), (1, 1));
}

#[test]
fn a_drain_that_was_taken_back_cuts_nothing() {
    let one = origin("one");
    let changing = Changing::start(&Setup::to(&one).timeouts("drain = \"300ms\""));
    let mut socket = Socket::open(changing.gateway.address());
    let server = json!({"upstream": "app"});
    drain(&changing, "drain", &server);
    drain(&changing, "undrain", &server);
    assert!(socket.0.quiet_for(Duration::from_millis(700)));
    socket.echo();
}

#[test]
fn an_upstream_that_is_drained_answers_503_until_it_is_not() {
    let one = origin("one");
    let changing = Changing::start(&Setup::to(&one));
    let mut client = changing.gateway.connect();
    assert_eq!(client.get("/").status(), 200);
    drain(&changing, "drain", &json!({"upstream": "app"}));
    assert_eq!(client.get("/").status(), 503);
    changing.reload(&Setup::to(&one).gateway("served_by = false"));
    assert_eq!(client.get("/").status(), 503, "a reload does not take it back");
    drain(&changing, "undrain", &json!({"upstream": "app"}));
    assert_eq!(client.get("/").status(), 200);
}

/// The gateway as a whole: not ready, still serving, and back.
#[test]
fn a_gateway_that_is_drained_says_so_and_serves_on() {
    let one = origin("one");
    let changing = Changing::start(&Setup::to(&one).workers(2));
    let mut client = changing.gateway.connect();
    assert_eq!(client.get("/").head.one("connection"), None);
    drain(&changing, "drain", &json!({}));
    assert_eq!(changing.get("/readyz").status(), 503);
    let told = eventually("clients to be told", || {
        let answer = client.get("/");
        let told = answer.head.one("connection") == Some("close");
        if told { Some(answer.status()) } else { None }
    });
    assert_eq!(told, 200);
    client.expect_close();
    assert_eq!(changing.gateway.connect().get("/").status(), 200, "what comes is served");
    drain(&changing, "undrain", &json!({}));
    assert_eq!(changing.get("/readyz").status(), 200);
    eventually("connections to be kept again", || {
        (changing.gateway.connect().get("/").head.one("connection").is_none()).then_some(())
    });
}

#[test]
fn with_a_delay_it_listens_on_after_it_has_said_that_it_is_not_ready() {
    let one = origin("one");
    let mut changing = Changing::start(&Setup::to(&one).timeouts("drain_delay = \"1s\""));
    let mut early = changing.gateway.connect();
    assert_eq!(early.get("/").status(), 200);
    let asked = Instant::now();
    changing.gateway.signal(Signal::TERM);
    eventually("not to be ready", || (changing.get("/readyz").status() == 503).then_some(()));
    assert_eq!(early.get("/").status(), 200, "an idle connection was not closed yet");
    eventually("clients to be told to close", || {
        let late = changing.gateway.connect().get("/");
        assert_eq!(late.status(), 200);
        (late.head.one("connection") == Some("close")).then_some(())
    });
    assert!(changing.gateway.wait_for_exit().success());
    assert!(asked.elapsed() >= Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(TcpStream::connect(changing.gateway.address()).is_err());
}

#[test]
fn the_commands_name_what_they_did_and_what_there_is() {
    let one = origin("one");
    let changing = Changing::start(&Setup::to(&one));
    let admin = changing.admin.to_string();
    let run = |arguments: &[&str]| {
        let arguments = [arguments, &["--admin", &admin]].concat();
        Tombolo::run(changing.gateway.folder(), &arguments)
    };
    let name = format!("app/{}", one.address());
    let told = run(&["drain", &name]);
    assert_eq!((told.code, told.stdout), (Some(0), format!("draining: {name}, 0 in flight\n")));
    assert_eq!(run(&["undrain", &name]).stdout, format!("no longer draining: {name}\n"));
    assert_eq!(run(&["drain"]).stdout, "draining: the gateway\n");
    assert_eq!(run(&["undrain"]).stdout, "no longer draining: the gateway\n");
    for (name, words) in [("ap", "there are: app"), ("app/1.2.3.4:1", &one.address().to_string())] {
        let told = run(&["drain", name]);
        assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""), "{told:?}");
        assert!(told.stderr.contains(words), "{told:?}");
    }
}
