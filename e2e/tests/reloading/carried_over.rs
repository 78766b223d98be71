//! What both configurations have lives on: connections, tunnels, pools, counts.

use crate::{Changing, Socket, answer, json_of, origin};
use serde_json::json;
use std::net::TcpStream;
use tombolo_e2e::{Client, Gate, Origin, Setup, Tombolo, eventually, scripts};

#[test]
fn connections_tunnels_pools_and_counts_live_on() {
    let (first, second) = (origin("first"), origin("second"));
    let changing = Changing::start(&Setup::to(&first));
    let mut client = changing.gateway.connect();
    let mut socket = Socket::open(changing.gateway.address());
    assert_eq!(client.get("/").text(), "first");
    eventually("both to be counted", || (changing.status()["requests"] == 1).then_some(()));
    let pooled = first.connections();
    let before = changing.backend(first.address());
    changing.reload(&Setup::to_all([&first, &second]).gateway("served_by = false"));
    assert_eq!(changing.backend(first.address())["requests"], before["requests"]);
    assert_eq!(changing.backend(first.address())["in_flight"], 1, "the tunnel");
    socket.echo();
    let answers: Vec<_> = (0..4).map(|_| client.get("/")).collect();
    assert!(answers.iter().all(|answer| answer.head.one("x-served-by").is_none()));
    let count = |name: &str| answers.iter().filter(|answer| answer.text() == name).count();
    assert_eq!((count("first"), count("second")), (2, 2));
    assert_eq!(first.connections(), pooled, "its idle connection is used on");
    eventually("all to be counted", || (changing.status()["requests"] == 5).then_some(()));
    let metrics = changing.get("/metrics").text();
    assert!(
        metrics.contains("tombolo_requests_total{route=\"/\",code_class=\"2xx\"} 5\n"),
        "{metrics}"
    );
    socket.echo();
    drop(socket);
    eventually("the tunnel to be counted out", || {
        (changing.backend(first.address())["in_flight"] == 0).then_some(())
    });
}

#[test]
fn a_server_that_goes_ends_what_it_is_at() {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let old = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            if request.head.target() == "/held" {
                gates.0.open();
                gates.1.wait("the test");
            }
            connection.write(scripts::ok("old"))?;
        }
    });
    let new = origin("new");
    let changing = Changing::start(&Setup::to(&old));
    // An idle connection beside the busy one.
    assert_eq!(changing.gateway.connect().get("/").text(), "old");
    let mut busy = changing.gateway.connect();
    busy.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait("the request to be under way");
    let mut other = changing.gateway.connect();
    assert_eq!(other.get("/").text(), "old");
    changing.reload(&Setup::to(&new));
    assert!((0..6).all(|_| other.get("/").text() == "new"), "nothing new comes to it");
    eventually("its idle connections to close", || (old.open() == 1).then_some(()));
    leave.open();
    assert_eq!(busy.read_response().unwrap().text(), "old");
    assert_eq!(busy.get("/").text(), "new", "the client's connection goes on");
    eventually("its last connection to close", || (old.open() == 0).then_some(()));
    assert!(changing.backend(old.address()).is_null());
}

#[test]
fn a_server_that_comes_back_is_used_anew() {
    let (one, two) = (origin("one"), origin("two"));
    let changing = Changing::start(&Setup::to_all([&one, &two]));
    let mut client = changing.gateway.connect();
    for _ in 0..5 {
        changing.reload(&Setup::to(&one));
        assert!((0..4).all(|_| client.get("/").text() == "one"));
        changing.reload(&Setup::to_all([&one, &two]));
        let answers: Vec<_> = (0..4).map(|_| client.get("/").text()).collect();
        assert_eq!(answers.iter().filter(|text| *text == "two").count(), 2, "{answers:?}");
    }
}

#[test]
fn a_listener_comes_and_goes() {
    let origin = origin("ok");
    let changing = Changing::start(&Setup::to(&origin));
    let second = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = Setup::to(&origin).gateway("admin = \"127.0.0.1:0\"").text();
    let both = text.replace("[\"127.0.0.1:0\"]", &format!("[\"127.0.0.1:0\", \"{second}\"]"));
    changing.write_text(&both);
    assert_eq!(changing.post("/api/v1/reload", &json!({})).status(), 200);
    let mut client = Client::connect(second);
    assert_eq!(client.get("/").text(), "ok");
    let mut first = changing.gateway.connect();
    assert_eq!(first.get("/").text(), "ok");
    let mut socket = Socket::open(second);
    assert_eq!(changing.status()["listeners"].as_array().unwrap().len(), 2);
    changing.write_text(&text);
    assert_eq!(changing.post("/api/v1/reload", &json!({})).status(), 200);
    client.expect_close();
    assert!(TcpStream::connect(second).is_err(), "nobody listens there");
    socket.echo();
    assert_eq!(first.get("/").text(), "ok", "the other one is not touched");
    assert_eq!(changing.status()["listeners"].as_array().unwrap().len(), 1);
}

/// What was under way on a listener that goes ends as it would have.
#[test]
fn an_exchange_on_a_listener_that_goes_ends_well() {
    let (entered, leave) = (Gate::new(), Gate::new());
    let gates = (entered.clone(), leave.clone());
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        gates.0.open();
        gates.1.wait("the test");
        connection.write(scripts::ok("done"))
    });
    let text = Setup::to(&origin).gateway("admin = \"127.0.0.1:0\"").text();
    let two = "[\"127.0.0.1:0\", \"[::1]:0\"]";
    let changing = Changing::start(&Setup::to(&origin));
    changing.write_text(&text.replace("[\"127.0.0.1:0\"]", two));
    assert_eq!(changing.post("/api/v1/reload", &json!({})).status(), 200);
    let listeners = changing.status()["listeners"].clone();
    let second = listeners[1].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let mut client = Client::connect(second.parse().unwrap());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait("the request");
    changing.write_text(&text);
    assert_eq!(changing.post("/api/v1/reload", &json!({})).status(), 200);
    leave.open();
    let answer = client.read_response().unwrap();
    assert_eq!((answer.text(), answer.head.one("connection")), ("done".into(), Some("close")));
    client.expect_close();
}

#[test]
fn limits_hold_from_then_on() {
    let origin = origin("ok");
    let changing = Changing::start(&Setup::to(&origin));
    let mut client = changing.gateway.connect();
    client.get("/");
    changing.reload(&Setup::to(&origin).limits("connections = 1\ntarget_bytes = \"64B\""));
    assert_eq!(client.get("/").status(), 200, "who is in stays");
    let mut late = changing.gateway.connect();
    assert_eq!(late.read_response().unwrap().status(), 503);
    assert_eq!(client.get(&format!("/{}", "x".repeat(80))).status(), 414);
}

#[test]
fn a_route_and_its_cache_come_and_go() {
    let origin = Origin::start(scripts::answer(
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok",
    ));
    let changing = Changing::start(&Setup::to(&origin));
    let mut client = changing.gateway.connect();
    assert!(client.get("/").head.one("cache-status").is_none());
    let caching = |cache: bool| {
        let route = format!("[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = {cache}");
        Setup::to(&origin).routes(&route)
    };
    changing.reload(&caching(true));
    client.get("/page");
    assert!(client.get("/page").head.one("cache-status").unwrap().contains("hit"));
    changing.reload(&caching(true).gateway("served_by = false"));
    assert!(client.get("/page").head.one("cache-status").unwrap().contains("hit"), "it is kept");
    changing.reload(&caching(false));
    assert!(client.get("/page").head.one("cache-status").is_none());
    changing.reload(&caching(true));
    assert!(client.get("/page").head.one("cache-status").unwrap().contains("hit"), "still kept");
}

#[test]
fn tcp_connections_live_on_and_go_elsewhere_after() {
    let echo = |name: &'static str| {
        Origin::start(move |connection| {
            connection.stop_recording();
            loop {
                let bytes = connection.wire.read_some()?;
                if bytes.is_empty() {
                    return Ok(());
                }
                connection.write([name.as_bytes(), &bytes].concat())?;
            }
        })
    };
    let (one, two) = (echo("one "), echo("two "));
    let text = |origin: &Origin, more: &str| {
        format!(
            "[gateway]\nworkers = 2\nadmin = \"127.0.0.1:0\"\n[access_log]\nstdout = true\n\
             [[upstream]]\nname = \"echo\"\nservers = [\"{}\"]\n\
             [[tcp]]\nlisten = [\"127.0.0.1:0\"]\nupstream = \"echo\"\n{more}",
            origin.address()
        )
    };
    let gateway = Tombolo::tcp_gateway(&text(&one, ""));
    let admin = gateway.admin();
    let changing = Changing { gateway, admin };
    let say = |client: &mut Client| {
        client.send("hello");
        String::from_utf8(client.wire.read_exact(9).unwrap()).unwrap()
    };
    let mut before = changing.gateway.connect();
    assert_eq!(say(&mut before), "one hello");
    changing.write_text(&text(&two, "connections = 100\n"));
    let answer = json_of(&changing.post("/api/v1/reload", &json!({})));
    assert_eq!(answer["changes"].as_array().unwrap().len(), 3, "{answer:#}");
    assert_eq!(say(&mut before), "one hello");
    let mut after = changing.gateway.connect();
    assert_eq!(say(&mut after), "two hello");
    let tcp = changing.status()["tcp"][0].clone();
    assert_eq!(
        (&tcp["open"], &tcp["connections"], &tcp["limit"]),
        (&json!(2), &json!(2), &json!(100))
    );
}

/// An answer that takes longer than the reload keeps the rules it began under.
#[test]
fn an_exchange_keeps_what_it_began_with() {
    let gate = Gate::new();
    let opened = gate.clone();
    let origin = Origin::start(move |connection| {
        let request = connection.read_request()?;
        if request.head.target() == "/slow" {
            opened.wait("the reload");
            return connection.write(scripts::ok("slow"));
        }
        connection.write(scripts::ok("x"))?;
        answer(connection, "x")
    });
    let changing = Changing::start(&Setup::to(&origin));
    let mut client = changing.gateway.connect();
    client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    eventually("the request", || (origin.connections() == 1).then_some(()));
    changing.reload(&Setup::to(&origin).gateway("served_by = false"));
    gate.open();
    let slow = client.read_response().unwrap();
    assert!(slow.head.one("x-served-by").is_some(), "as it was when it began");
    assert!(client.get("/").head.one("x-served-by").is_none());
}
