//! `GET /api/v1/why?url=` and `tombolo why`: what would become of a request, without an effect.

use super::{get, json, problem, start};
use serde_json::Value;
use std::net::SocketAddr;
use tombolo_e2e::{Origin, Setup, Tombolo, eventually, scripts};

fn why(admin: SocketAddr, query: &str) -> Value {
    json(&get(admin, &format!("/api/v1/why?{query}")))
}

#[test]
fn routes_are_told_with_why_they_do_not_take_it() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\n\
                  [[route]]\npath = \"/api\"\nupstream = \"app\"\n\
                  [[route]]\nhost = \"b.example\"\npath = \"/\"\nupstream = \"app\"";
    let (_gateway, admin) = start(Setup::to(&origin).routes(routes));
    let told = why(admin, "url=http://a.example/api/x");
    assert_eq!(told["route"], "/api");
    let of = |name: &str| {
        let routes = told["routes"].as_array().unwrap();
        routes.iter().find(|one| one["route"] == name).unwrap().clone()
    };
    assert_eq!((&of("/api")["matches"], &of("/")["matches"]), (&true.into(), &false.into()));
    assert!(of("/")["why"].as_str().unwrap().contains("/api fits too"), "{told}");
    assert!(of("b.example/")["why"].as_str().unwrap().contains("another host"), "{told}");
    assert_eq!(told["pick"]["candidates"][0]["chosen"], true);
    assert_eq!(why(admin, "url=http://b.example/")["route"], "b.example/");
}

#[test]
fn what_the_gateway_refuses_is_told() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let routes = "[[route]]\npath = \"/a\"\nupstream = \"app\"";
    let (_gateway, admin) = start(Setup::to(&origin).routes(routes));
    for (query, status) in [
        ("url=http://x/b", 404),
        ("url=http://x/a/../b", 404),
        ("url=http://x/a/../../b", 400),
        ("url=http://x/a%2500", 400),
        ("url=http://x/a&method=TRACE", 405),
        ("url=http://x/a&method=POST&header=Content-Length:%2099999999999", 413),
        ("url=http://x/a&header=Content-Length:%20x", 400),
    ] {
        let told = why(admin, query);
        assert_eq!(
            (&told["guard"]["passes"], &told["guard"]["status"]),
            (&false.into(), &status.into()),
            "{query}"
        );
        assert!(told["pick"].is_null(), "{query}: {told}");
    }
    for (query, words) in [
        ("url=/a", "whole URL"),
        ("url=http://x/a&header=x", "Name: value"),
        ("url=http://x/a&verb=GET", "method"),
    ] {
        assert!(problem(&get(admin, &format!("/api/v1/why?{query}")), 422).contains(words));
    }
}

/// Three servers in turn: however often one asks, the next request goes to the one that was told.
#[test]
fn nobodys_turn_is_taken_and_no_server_is_asked() {
    let origins: Vec<Origin> =
        (0..3).map(|_| Origin::start(scripts::answer(scripts::ok("ok")))).collect();
    let (gateway, admin) = start(Setup::to_all(&origins));
    let mut client = gateway.connect();
    for _ in 0..7 {
        let chosen = |_| {
            let told = why(admin, "url=http://x/");
            let candidates = told["pick"]["candidates"].as_array().unwrap().clone();
            let chosen = candidates.iter().find(|one| one["chosen"] == true).unwrap();
            chosen["server"].as_str().unwrap().to_owned()
        };
        let told: Vec<String> = (0..4).map(chosen).collect();
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
        assert_eq!(client.get("/").head.one("x-served-by"), Some(told[0].as_str()));
    }
    let asked: usize = origins.iter().map(|origin| origin.requests().len()).sum();
    assert_eq!(asked, 7);
}

#[test]
fn the_cache_is_looked_into_and_not_touched() {
    let stored = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nVary: Accept-Language\r\n\
                  Content-Length: 2\r\n\r\nok";
    let origin = Origin::start(scripts::answer(stored.to_owned()));
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = true\n[cache]\ndir = \"c\"";
    let (gateway, admin) = start(Setup::to(&origin).routes(routes));
    let before = why(admin, "url=http://x/a");
    assert_eq!(
        (&before["cache"]["result"], &before["cache"]["answers"]),
        (&"uri-miss".into(), &false.into())
    );
    assert_eq!(before["cache"]["clause"], "RFC 9111 section 4");
    gateway.connect().exchange("GET /a HTTP/1.1\r\nHost: x\r\nAccept-Language: es\r\n\r\n");
    let counts = || json(&get(admin, "/api/v1/status"))["cache"].clone();
    let cache = eventually("it is stored", || Some(counts()).filter(|cache| cache["stores"] == 1));
    let hit = why(admin, "url=http://x/a&header=Accept-Language:%20es");
    assert_eq!((&hit["cache"]["result"], &hit["cache"]["answers"]), (&"hit".into(), &true.into()));
    assert_eq!(hit["cache"]["stored"]["lifetime"], 60);
    assert!(hit["pick"].is_null(), "no server would be asked: {hit}");
    let other = why(admin, "url=http://x/a&header=Accept-Language:%20en");
    assert_eq!(other["cache"]["clause"], "RFC 9111 section 4.1", "{other}");
    let fields = "header=Accept-Language:%20es&header=Cache-Control:%20no-cache";
    let insists = why(admin, &format!("url=http://x/a&{fields}"));
    assert_eq!(insists["cache"]["clause"], "RFC 9111 section 5.2.1.4", "{insists}");
    let post = why(admin, "url=http://x/a&method=POST");
    assert_eq!(post["cache"]["why"], "only GET and HEAD are answered from the cache");
    let only = why(admin, "url=http://x/none&header=Cache-Control:%20only-if-cached");
    assert_eq!(
        (&only["guard"]["status"], &only["cache"]["clause"]),
        (&504.into(), &"RFC 9111 section 5.2.1.7".into())
    );
    let after = counts();
    for name in ["hits", "misses", "stores", "memory"] {
        assert_eq!(after[name], cache[name], "{name}");
    }
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn the_command_tells_it_in_words_or_json() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (gateway, admin) = start(Setup::to(&origin));
    let answer = gateway.connect().get("/past");
    let id = answer.head.one("x-request-id").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let admin = admin.to_string();
    let run = |arguments: &[&str]| {
        let arguments = [&["why", "--admin", &admin], arguments].concat();
        Tombolo::run(folder.path(), &arguments)
    };
    let told = run(&["http://x/page", "--header", "Accept: */*"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    for words in ["GET http://x/page", "guard       passes", "app, round-robin", "it is its turn"] {
        assert!(told.stdout.contains(words), "{words} in {told:?}");
    }
    let past = run(&[id]);
    assert_eq!(past.code, Some(0), "{past:?}");
    assert!(past.stdout.contains("GET ") && past.stdout.contains("/past"), "{past:?}");
    let as_json: Value = serde_json::from_str(&run(&["--json", id]).stdout).unwrap();
    assert_eq!(as_json["id"], id);
    let gone = run(&["01936f0e-5d1c-7a3f-8c2b-9d1e0f3a4b5c"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stderr.contains("recent_requests"), "{gone:?}");
    let wrong = run(&["http://x/", "--method", "G T"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
