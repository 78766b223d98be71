//! SIGUSR2: what is known of servers goes over to the new process, with a file or without.

use crate::succession::Successors;
use crate::{Changing, json_of, origin};
use serde_json::{Value, json};
use tombolo_e2e::{Origin, Setup, eventually, scripts};

fn post(changing: &Changing, path: &str, body: &Value) -> Value {
    let answer = changing.post(path, body);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    json_of(&answer)
}

/// Two successions: a server that is drained and one that is ejected stay so, each with its reason,
/// and none of the two is asked for anything.
fn what_is_known_goes_over(lines: &str) {
    let bad = Origin::start(scripts::answer("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh"));
    let (drained, good) = (origin("drained"), origin("good"));
    let setup = Setup::to_all([&bad, &drained, &good]).workers(2).gateway(lines);
    let setup = setup.upstream("ejection = { failures = 3, time = \"1h\" }");
    let changing = Changing::start(&setup);
    let address = drained.address().to_string();
    post(&changing, "/api/v1/drain", &json!({"upstream": "app", "server": address}));
    eventually("the bad one to be ejected", || {
        changing.gateway.connect().get("/");
        (changing.backend(bad.address())["state"] == "ejected").then_some(())
    });
    let told = |origin: &Origin| {
        let backend = changing.backend(origin.address());
        ["state", "since", "ejected_until", "circuit"].map(|member| backend[member].clone())
    };
    let before = [&bad, &drained, &good].map(told);
    let mut successors = Successors::of(&changing);
    for _ in 0..2 {
        successors.next();
        assert_eq!([&bad, &drained, &good].map(told), before);
        for (origin, words) in [(&bad, "requests in a row failed"), (&drained, "an operator")] {
            let backend = changing.backend(origin.address());
            let why = backend["why"].as_str().unwrap();
            assert!(why.contains(words) && why.contains("known from before the restart"), "{why}");
            assert!(backend["recalled"].is_string(), "{backend}");
        }
        for _ in 0..20 {
            assert_eq!(changing.gateway.connect().get("/").text(), "good");
        }
    }
    post(&changing, "/api/v1/undrain", &json!({"upstream": "app", "server": address}));
    eventually("work for it", || {
        (changing.gateway.connect().get("/").text() == "drained").then_some(())
    });
}

#[test]
fn drained_and_ejected_servers_stay_so() {
    what_is_known_goes_over("");
}

#[test]
fn no_file_is_needed_for_that() {
    what_is_known_goes_over("state_file = false");
}

/// Neither is one that cannot be written.
#[test]
fn nor_a_folder_that_can_be_written() {
    what_is_known_goes_over("state_file = \"none/state.json\"");
}

/// The gateway's own drain, and that of a whole upstream.
#[test]
fn who_takes_no_new_work_goes_on_so() {
    let one = origin("one");
    let changing = Changing::start(&Setup::to(&one));
    post(&changing, "/api/v1/drain", &json!({"upstream": "app"}));
    post(&changing, "/api/v1/drain", &json!({}));
    let mut successors = Successors::of(&changing);
    successors.next();
    assert_eq!(changing.get("/readyz").status(), 503);
    assert_eq!(changing.gateway.connect().get("/").status(), 503);
    post(&changing, "/api/v1/undrain", &json!({}));
    post(&changing, "/api/v1/undrain", &json!({"upstream": "app"}));
    assert_eq!(changing.get("/readyz").status(), 200);
    assert_eq!(changing.gateway.connect().get("/").text(), "one");
}
