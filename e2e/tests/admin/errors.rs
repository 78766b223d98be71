//! Each error is counted under its exact status and what made it, and the limit that refused is named with its value, in
//! the log and by `why`.

use super::{get, json, start};
use std::net::SocketAddr;
use tombolo_e2e::{Origin, Refusing, Setup, Tombolo, eventually, scripts};

/// The number of errors of this status and reason.
fn errors(admin: SocketAddr, status: u16, reason: &str) -> u64 {
    let text = get(admin, "/metrics").text();
    let series =
        format!("tombolo_error_responses_total{{status=\"{status}\",reason=\"{reason}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&series));
    value.unwrap_or_else(|| panic!("{series} in {text}")).parse().unwrap()
}

/// Waits until one error is counted so: it is when its exchange is over, which may be after the answer.
fn counted_once(admin: SocketAddr, status: u16, reason: &str) {
    eventually(&format!("{status} {reason}"), || {
        (errors(admin, status, reason) == 1).then_some(())
    });
}

/// Waits until one error is counted so; the words of the log and of why for that request.
fn one_error(gateway: &Tombolo, admin: SocketAddr, target: &str, made: (u16, &str)) -> String {
    let (status, reason) = made;
    counted_once(admin, status, reason);
    let record = gateway.wait_for_record(target, |record| record["target"] == target);
    assert_eq!(record["status"], status, "{record}");
    let id = record["request_id"].as_str().unwrap();
    let why = json(&get(admin, &format!("/api/v1/why?request={id}")));
    assert_eq!(why["error"], record["error"]);
    record["error"].as_str().unwrap_or_default().to_owned()
}

fn post(path: &str, fields: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

#[test]
fn errors_are_counted_by_status_and_reason_and_name_the_limit() {
    let refusing = Refusing::new();
    let origin = Origin::start(|connection| {
        loop {
            match connection.read_request()?.head.target() {
                "/broken" => return connection.write("nonsense\r\n\r\n"),
                "/503" => connection.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")?,
                "/silent" | "/left" => drop(connection.read_request()),
                _ => connection.write(scripts::ok("ok"))?,
            }
        }
    });
    let routes = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\ntimeouts = {{ first_byte = \"300ms\" }}\n\
         [[route]]\npath = \"/left\"\nupstream = \"app\"\n\
         [[route]]\npath = \"/small\"\nupstream = \"app\"\nlimits = {{ body_bytes = 4 }}\n\
         [[route]]\npath = \"/gone\"\nupstream = \"gone\"\n\
         [[upstream]]\nname = \"gone\"\nservers = [\"{}\"]",
        refusing.address()
    );
    let setup = Setup::to(&origin).routes(&routes).upstream("ejection = false");
    let (gateway, admin) = start(setup.limits("head_bytes = 4096\ntarget_bytes = 1024"));
    let ask = |request: String| gateway.connect().exchange(request).status();

    assert_eq!(ask(post("/small", "Content-Length: 5\r\n")), 413);
    let words = one_error(&gateway, admin, "/small", (413, "body_bytes"));
    assert!(words.ends_with("limits.body_bytes of the route (4)"), "{words}");
    let words = gateway.connect().exchange(format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(2000)));
    assert_eq!(words.status(), 414);
    counted_once(admin, 414, "target_bytes");
    let long = gateway.connect().exchange(post("/", &format!("a: {}\r\n", "b".repeat(5000))));
    assert_eq!(long.status(), 431);
    counted_once(admin, 431, "head");
    let id = long.head.one("x-request-id").unwrap();
    let why = json(&get(admin, &format!("/api/v1/why?request={id}")));
    assert!(why["error"].as_str().unwrap().contains("limits.head_bytes is 4096"), "{why}");

    assert_eq!(ask(post("/gone", "Content-Length: 0\r\n")), 502);
    one_error(&gateway, admin, "/gone", (502, "unreachable"));
    assert_eq!(ask(post("/broken", "Content-Length: 0\r\n")), 502);
    one_error(&gateway, admin, "/broken", (502, "broken_answer"));
    assert_eq!(ask(post("/503", "Content-Length: 0\r\n")), 503);
    assert_eq!(one_error(&gateway, admin, "/503", (503, "server")), "");
    assert_eq!(ask(post("/silent", "Content-Length: 0\r\n")), 504);
    let words = one_error(&gateway, admin, "/silent", (504, "first_byte"));
    assert!(words.ends_with("within timeouts.first_byte of the route (300ms)"), "{words}");

    let mut leaving = gateway.connect();
    leaving.send(post("/left", "Content-Length: 0\r\n"));
    eventually("the request to be upstream", || {
        let asked = origin.requests().iter().any(|request| request.head.target() == "/left");
        asked.then_some(())
    });
    leaving.reset();
    one_error(&gateway, admin, "/left", (499, "client_left"));

    let text = get(admin, "/metrics").text();
    let errors: Vec<&str> =
        text.lines().filter(|line| line.starts_with("tombolo_error_responses_total")).collect();
    let others = errors.iter().filter(|line| !line.ends_with(" 0")).count();
    assert_eq!(others, 8, "each is counted once, under one reason: {errors:#?}");
}

#[test]
fn connections_beyond_the_limit_are_among_the_errors() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (gateway, admin) = start(Setup::to(&origin).limits("connections_per_client = 1"));
    let mut first = gateway.connect();
    first.get("/");
    let refused = gateway.connect().read_to_end();
    assert!(refused.starts_with(b"HTTP/1.1 503 "), "{}", String::from_utf8_lossy(&refused));
    eventually("503 connections", || (errors(admin, 503, "connections") == 1).then_some(()));
}

/// A miss for want of a variant names the fields that the stored ones differ by.
#[test]
fn the_field_of_a_vary_miss_is_named() {
    let fields =
        "Cache-Control: max-age=60\r\nVary: X-Device, Accept-Language\r\nContent-Length: 2";
    let origin = Origin::start(scripts::answer(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nok")));
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = true\n[cache]\ndir = \"c\"";
    let (gateway, admin) = start(Setup::to(&origin).routes(routes));
    let ask = |device: &str| {
        let request = format!("GET /page HTTP/1.1\r\nHost: x\r\nX-Device: {device}\r\n\r\n");
        gateway.connect().exchange(request).head.one("x-request-id").unwrap().to_owned()
    };
    ask("phone");
    gateway.wait_for_record("the first", |record| record["cache"] == "uri-miss");
    let would = "/api/v1/why?url=http://x/page&header=X-Device:%20tablet";
    let rehearsed = eventually("the first to be stored", || {
        let told = json(&get(admin, would));
        (told["cache"]["result"] == "vary-miss").then_some(told)
    });
    let names = serde_json::json!(["accept-language", "x-device"]);
    assert_eq!(rehearsed["cache"]["varies_by"], names, "{rehearsed}");
    let id = ask("desktop");
    gateway.wait_for_record("the second", |record| record["cache"] == "vary-miss");
    let told = json(&get(admin, &format!("/api/v1/why?request={id}")));
    assert_eq!(told["cache"]["varies_by"], names, "{told}");
    let again = ask("desktop");
    gateway.wait_for_record("a hit", |record| record["cache"] == "hit");
    let told = json(&get(admin, &format!("/api/v1/why?request={again}")));
    assert!(told["cache"]["varies_by"].is_null(), "{told}");
}
