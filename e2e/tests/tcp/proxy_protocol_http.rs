//! PROXY protocol headers before HTTP.

use tombolo_e2e::{Origin, Setup, Tombolo, scripts};

fn gateway(origin: &Origin) -> Tombolo {
    Setup::to(origin).gateway("proxy_protocol = true\ntrusted = [\"127.0.0.1\"]").start()
}

#[test]
fn the_named_client_is_the_one_in_fields_and_log() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = gateway(&origin);
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = gateway.connect();
    client.send(format!("PROXY TCP4 192.0.2.7 192.0.2.8 12345 443\r\n{request}"));
    assert_eq!(client.read_response().expect("an answer").text(), "ok");
    assert_eq!(client.exchange(request).text(), "ok", "the header stands before the first alone");
    let mut late = gateway.connect();
    late.send_bytewise("PROXY TCP6 2001:db8::7 ::1 1 2\r\n");
    assert_eq!(late.exchange(request).text(), "ok");
    let client = |record: &serde_json::Value| record["client"].as_str().map(str::to_owned);
    gateway.wait_for_record("the client", |it| client(it).as_deref() == Some("192.0.2.7:12345"));
    gateway.wait_for_record("the other", |it| client(it).as_deref() == Some("[2001:db8::7]:1"));
    gateway.kill();
    origin.settled();
    let seen: Vec<_> = origin
        .requests()
        .iter()
        .map(|request| request.head.one("x-forwarded-for").map(str::to_owned))
        .collect();
    let named = |text: &str| seen.iter().filter(|it| it.as_deref() == Some(text)).count();
    assert_eq!((named("192.0.2.7"), named("2001:db8::7")), (2, 1), "{seen:?}");
}

#[test]
fn without_a_header_there_is_no_http() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = gateway(&origin);
    let mut client = gateway.connect();
    client.try_send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.expect_close();
    gateway.stderr().wait_for_text("does not begin with a PROXY protocol header");
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_balancers_own_connection_is_from_itself() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = gateway(&origin);
    let mut client = gateway.connect();
    client.send(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
    assert_eq!(client.get("/").text(), "ok");
    let from = client.wire.stream().local_addr().expect("bound").to_string();
    gateway.wait_for_record("the peer", |record| record["client"] == from);
}
