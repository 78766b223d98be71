//! `retry_on`: a request whose answer is an error goes to another server instead.

use tombolo_e2e::{Client, Connection, Origin, Setup, WireError};

use crate::start;

const RETRY: &str = "ejection = false\nretry_on = [\"500\", \"502-504\"]\nretry_budget = false";

/// A server that answers everything with this status and its own name.
fn answering(status: &'static str, name: &'static str) -> Origin {
    Origin::start(move |connection: &mut Connection| -> Result<(), WireError> {
        loop {
            connection.read_request()?;
            let length = name.len();
            connection
                .write(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{name}"))?;
        }
    })
}

#[test]
fn an_error_is_asked_for_elsewhere_and_never_seen() {
    let servers = [answering("500 No", "bad"), answering("200 OK", "good")];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(RETRY));
    let mut client = Client::connect(gateway.address());
    for _ in 0..20 {
        let response = client.get("/");
        assert_eq!((response.status(), response.text().as_str()), (200, "good"));
    }
    assert!(servers[0].requests().len() >= 5, "the one that fails was asked too");
}

#[test]
fn when_all_answer_errors_the_last_answer_is_passed_on() {
    let servers = [answering("503 No", "first"), answering("503 No", "second")];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(RETRY));
    let response = Client::connect(gateway.address()).get("/");
    assert_eq!(response.status(), 503);
    assert!(["first", "second"].contains(&response.text().as_str()), "{response:?}");
    assert_eq!(servers[0].requests().len() + servers[1].requests().len(), 2);
}

#[test]
fn what_cannot_be_repeated_gets_the_answer_it_got() {
    let servers = [answering("500 No", "bad"), answering("500 No", "bad")];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(RETRY));
    for request in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    ] {
        let response = Client::connect(gateway.address()).exchange(request);
        assert_eq!((response.status(), response.text().as_str()), (500, "bad"));
    }
    assert_eq!(servers[0].requests().len() + servers[1].requests().len(), 2);
}

#[test]
fn other_statuses_are_answers() {
    let servers = [answering("404 No", "one"), answering("404 No", "one")];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(RETRY));
    assert_eq!(Client::connect(gateway.address()).get("/").status(), 404);
    assert_eq!(servers[0].requests().len() + servers[1].requests().len(), 1);
}
