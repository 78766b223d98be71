//! `GET /api/v1/status`: what the gateway does.

use super::{get, json, start, status_when};
use tombolo_e2e::{Origin, Refusing, Setup, scripts};

#[test]
fn tells_of_gateway_and_servers() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (gateway, admin) = start(Setup::to(&origin).workers(2));
    let mut client = gateway.connect();
    for _ in 0..3 {
        client.get("/");
    }
    let status = status_when(admin, "three requests", |status| status["requests"] == 3);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["pid"], gateway.pid());
    assert_eq!(status["workers"], 2);
    assert_eq!(status["draining"], false);
    assert_eq!(status["listeners"][0], gateway.url(""));
    assert_eq!(status["connections"]["open"], 1);
    assert!(status["uptime_seconds"].is_u64() && status["started"].is_string(), "{status}");
    assert!(status["cache"].is_null(), "{status}");
    let upstream = &status["upstreams"][0];
    assert_eq!(upstream["name"], "app");
    let server = &upstream["backends"][0];
    assert_eq!(server["address"], origin.address().to_string());
    assert_eq!((&server["state"], &server["why"]), (&"up".into(), &serde_json::Value::Null));
    assert_eq!(server["requests"], 3);
    assert_eq!(server["attempts"]["answered"], 3);
    assert_eq!(server["in_flight"], 0);
    assert_eq!((&server["state_changes"], &server["reads_only"]), (&0.into(), &false.into()));
    assert!(server["state_seconds"].as_u64().unwrap() < 60, "{server}");
}

#[test]
fn changes_of_a_servers_state_are_counted() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, admin) = start(Setup::to(&origin));
    for path in ["drain", "undrain", "drain"] {
        let body = format!(r#"{{"upstream":"app","server":"{}"}}"#, origin.address());
        let length = body.len();
        let fields = "Content-Type: application/json";
        let request = format!(
            "POST /api/v1/{path} HTTP/1.1\r\nHost: {admin}\r\n{fields}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        assert_eq!(tombolo_e2e::Client::connect(admin).exchange(request).status(), 200);
    }
    let server = &json(&get(admin, "/api/v1/status"))["upstreams"][0]["backends"][0];
    assert_eq!(server["state_changes"], 3, "{server}");
    let series = format!(
        "tombolo_upstream_backend_state_changes_total{{upstream=\"app\",backend=\"{}\"}} 3",
        origin.address()
    );
    let text = get(admin, "/metrics").text();
    assert!(text.lines().any(|line| line == series), "{series} in {text}");
}

#[test]
fn a_server_that_fails_shows_it() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let refusing = Refusing::new();
    let gone = refusing.address();
    let servers = [origin.address().to_string(), gone.to_string()];
    let (gateway, admin) = start(Setup::to_addresses(servers));
    let mut client = gateway.connect();
    for _ in 0..4 {
        assert_eq!(client.get("/").status(), 200, "the other server answers");
    }
    let status = status_when(admin, "four requests", |status| status["requests"] == 4);
    let attempts = |server: usize| &status["upstreams"][0]["backends"][server]["attempts"];
    assert_eq!(attempts(0)["answered"], 4);
    assert_eq!(attempts(1)["unreachable"], 2, "its turn came twice");
    assert_eq!(attempts(1)["answered"], 0);
}

#[test]
fn a_name_that_does_not_resolve_is_down_and_says_why() {
    let (_gateway, admin) = start(Setup::to_addresses(["no-such-name.invalid:80"]));
    let status = json(&get(admin, "/api/v1/status"));
    let server = &status["upstreams"][0]["backends"][0];
    assert_eq!(server["state"], "down");
    assert_eq!(server["why"], "its name does not resolve");
}

#[test]
fn requests_under_way_are_in_flight() {
    let gate = tombolo_e2e::Gate::new();
    let held = gate.clone();
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        held.wait("the test");
        connection.write(scripts::ok("late"))
    });
    let (gateway, admin) = start(Setup::to(&origin));
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let in_flight = |count: u64| {
        move |status: &serde_json::Value| {
            status["upstreams"][0]["backends"][0]["in_flight"] == count
        }
    };
    status_when(admin, "one in flight", in_flight(1));
    gate.open();
    assert_eq!(client.read_response().unwrap().text(), "late");
    status_when(admin, "none in flight", in_flight(0));
}
