//! `GET /api/v1/requests`, `/series` and `/why?request=`: what happened lately, and why.

use super::{get, json, problem, start};
use serde_json::Value;
use std::net::SocketAddr;
use tombolo_e2e::{Origin, Refusing, Setup, eventually, scripts};

/// The remembered requests, once there are so many.
fn requests(admin: SocketAddr, query: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} requests"), || {
        let told = json(&get(admin, &format!("/api/v1/requests{query}")));
        let requests = told["requests"].as_array().unwrap().clone();
        (requests.len() == count).then_some(requests)
    })
}

#[test]
fn the_last_requests_are_told_with_where_their_time_went() {
    let origin = Origin::start(scripts::answer(scripts::ok("twelve bytes")));
    let (gateway, admin) = start(Setup::to(&origin).workers(2));
    let mut client = gateway.connect();
    client.exchange("POST /a?b HTTP/1.1\r\nHost: x.example\r\nContent-Length: 5\r\n\r\nhello");
    let id = client.get("/second").head.one("x-request-id").unwrap().to_owned();
    let told = requests(admin, "", 2);
    let (second, first) = (&told[0], &told[1]);
    assert_eq!(second["id"], id.as_str());
    assert_eq!((&first["method"], &first["target"]), (&"POST".into(), &"/a?b".into()));
    assert_eq!((&first["host"], &first["protocol"]), (&"x.example".into(), &"HTTP/1.1".into()));
    assert_eq!((&first["status"], &first["route"]), (&200.into(), &"/".into()));
    assert_eq!(first["backend"], origin.address().to_string());
    assert_eq!((&first["bytes_in"], &first["bytes_out"]), (&5.into(), &12.into()));
    assert_eq!((&first["cache"], &first["error"]), (&Value::Null, &Value::Null));
    assert!(first["client"].as_str().unwrap().starts_with("127.0.0.1:"), "{first}");
    let stages = first["stages"].as_object().unwrap();
    let sum: f64 = stages.values().map(|one| one.as_f64().unwrap()).sum();
    let has = |name: &str| stages.contains_key(name);
    let were = ["connect_ms", "upload_ms", "first_byte_ms", "download_ms"];
    assert!(were.into_iter().all(has) && !has("queue_ms") && !has("head_ms"), "{first}");
    let whole = first["duration_ms"].as_f64().unwrap();
    assert!((sum - whole).abs() < 0.01 && whole > 0.0, "{first}");
    assert_eq!(first["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(requests(admin, "?limit=1", 1)[0]["target"], "/second");
    assert!(problem(&get(admin, "/api/v1/requests?limit=0"), 422).contains("from 1 to 1000"));
    assert!(problem(&get(admin, "/api/v1/requests?lmit=1"), 422).contains("limit, errors"));
}

#[test]
fn an_error_is_kept_though_much_goes_well_after_it() {
    let refusing = Refusing::new();
    let gone = refusing.address();
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\n\
                  [[route]]\npath = \"/gone\"\nupstream = \"gone\"\n\
                  [[upstream]]\nname = \"gone\"\n";
    let routes = format!("{routes}servers = [\"{gone}\"]");
    let setup = Setup::to(&origin).workers(1).limits("recent_requests = 8").routes(&routes);
    let (gateway, admin) = start(setup);
    let mut client = gateway.connect();
    let failed = client.get("/gone/1");
    assert_eq!(failed.status(), 502);
    let id = failed.head.one("x-request-id").unwrap().to_owned();
    for _ in 0..20 {
        assert_eq!(gateway.connect().get("/").status(), 200);
    }
    assert!(requests(admin, "", 8).iter().all(|request| request["status"] == 200));
    let told = requests(admin, "?errors=true", 1);
    assert_eq!((&told[0]["id"], &told[0]["status"]), (&id.as_str().into(), &502.into()));
    let why = json(&get(admin, &format!("/api/v1/why?request={id}")));
    let attempt = &why["attempts"][0];
    assert_eq!(attempt["backend"], gone.to_string());
    assert_eq!(attempt["outcome"], "unreachable");
    assert!(attempt["error"].as_str().unwrap().contains("Connection refused"), "{why}");
    assert_eq!((&why["route"], &why["upstream"]), (&"/gone".into(), &"gone".into()));
}

#[test]
fn an_attempt_that_failed_before_another_served_is_told() {
    let refusing = Refusing::new();
    let gone = refusing.address();
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let servers = [gone.to_string(), origin.address().to_string()];
    let (gateway, admin) = start(Setup::to_addresses(servers));
    let mut client = gateway.connect();
    let ids = [(); 2].map(|()| client.get("/").head.one("x-request-id").unwrap().to_owned());
    requests(admin, "", 2);
    let told = ids.map(|id| json(&get(admin, &format!("/api/v1/why?request={id}"))));
    let twice = told.iter().find(|why| why["attempts"].as_array().unwrap().len() == 2);
    let twice = twice.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(twice["attempts"][0]["outcome"], "unreachable");
    assert_eq!(twice["attempts"][1]["outcome"], "answered");
    assert_eq!((&twice["status"], &twice["attempts_made"]), (&200.into(), &2.into()));
}

#[test]
fn what_the_cache_did_is_told_with_its_clause() {
    let stored = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok";
    let private = "HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 2\r\n\r\nok";
    let cookie = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nSet-Cookie: a=b\r\n\
                  Content-Length: 2\r\n\r\nok";
    let origin = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            connection.write(match request.head.target() {
                "/own" => private,
                "/cookie" => cookie,
                _ => stored,
            })?;
        }
    });
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = true\n[cache]\ndir = \"c\"";
    let (gateway, admin) = start(Setup::to(&origin).routes(routes));
    let mut client = gateway.connect();
    let mut ask = |method: &str, path: &str| {
        let answer = client.exchange(format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        let id = answer.head.one("x-request-id").unwrap().to_owned();
        eventually("the request is remembered", || {
            let told = get(admin, &format!("/api/v1/why?request={id}"));
            (told.status() == 200).then(|| json(&told)["cache"].clone())
        })
    };
    let first = ask("GET", "/a");
    assert_eq!((&first["result"], &first["stored"]), (&"uri-miss".into(), &true.into()));
    assert_eq!(first["clause"], "RFC 9111 section 4");
    let second = ask("GET", "/a");
    assert_eq!(
        (&second["result"], &second["clause"]),
        (&"hit".into(), &"RFC 9111 section 4.2".into())
    );
    let own = ask("GET", "/own");
    assert_eq!(own["not_stored"]["clause"], "RFC 9111 section 5.2.2.7");
    assert_eq!(own["not_stored"]["why"], "the response says private");
    assert_eq!(own["not_stored"]["rule"], "rfc");
    let ours = &ask("GET", "/cookie")["not_stored"];
    assert_eq!((&ours["rule"], &ours["rule_key"]), (&"default".into(), &"set_cookie".into()));
    assert!(
        ours["clause"].is_null() && ours["why"].as_str().unwrap().contains("Tombolo"),
        "{ours}"
    );
    let deleted = ask("DELETE", "/a");
    assert_eq!(
        (&deleted["result"], &deleted["clause"]),
        (&"method".into(), &"RFC 9111 section 4".into())
    );
}

#[test]
fn a_request_that_is_not_remembered_is_told_with_what_to_do() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, admin) = start(Setup::to(&origin));
    assert!(problem(&get(admin, "/api/v1/why?request=x"), 410).contains("recent_requests"));
    assert!(problem(&get(admin, "/api/v1/why"), 422).contains("X-Request-Id"));
    let (_gateway, admin) = start(Setup::to(&origin).limits("recent_requests = 0"));
    assert!(problem(&get(admin, "/api/v1/why?request=x"), 410).contains("recent_requests is 0"));
}

#[test]
fn rates_are_told_second_by_second() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let routes = "[[route]]\npath = \"/a\"\nupstream = \"app\"";
    let (gateway, admin) = start(Setup::to(&origin).routes(routes));
    let mut client = gateway.connect();
    for path in ["/a", "/a", "/nowhere"] {
        client.get(path);
    }
    let samples = eventually("a sample of three requests", || {
        let told = json(&get(admin, "/api/v1/series"));
        let samples = told["samples"].as_array().unwrap().clone();
        let of = |name: &str| samples.iter().map(|one| one[name].as_u64().unwrap()).sum::<u64>();
        (of("requests") == 3).then(|| (of("client_errors"), samples.clone()))
    });
    assert_eq!(samples.0, 1);
    let busy = samples.1.iter().find(|one| one["requests"] != 0).unwrap();
    assert!(busy["p50_ms"].as_f64().unwrap() <= busy["p99_ms"].as_f64().unwrap(), "{busy}");
    let last = samples.1.last().unwrap()["time_ms"].as_u64().unwrap();
    let later = json(&get(admin, &format!("/api/v1/series?after={last}")));
    assert!(later["samples"].as_array().unwrap().len() < samples.1.len() + 1);
}
