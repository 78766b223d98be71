//! Without `retry_on`: an error of one server is asked for at another once, while that helps, and a
//! page that fails everywhere costs next to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tombolo_e2e::{Client, Connection, Origin, Setup, WireError};

use crate::{start, upstream};

/// A server that answers everything with this head and its own name.
fn answering(head: &'static str, name: &'static str) -> Origin {
    Origin::start(move |connection: &mut Connection| -> Result<(), WireError> {
        loop {
            connection.read_request()?;
            let length = name.len();
            connection
                .write(format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{name}"))?;
        }
    })
}

const GOOD: &str = "200 OK";
const NEVER_EJECTED: &str = "ejection = false";

fn asked(servers: &[Origin]) -> usize {
    servers.iter().map(|server| server.requests().len()).sum()
}

/// Twenty clients at once, each with so many requests; how many had another answer than 200.
fn errors_of_a_crowd(address: std::net::SocketAddr, requests: usize) -> usize {
    let one = move || {
        let mut client = Client::connect(address);
        (0..requests).filter(|_| client.get("/").status() != 200).count()
    };
    let clients: Vec<_> = (0..20).map(|_| std::thread::spawn(one)).collect();
    clients.into_iter().map(|client| client.join().unwrap()).sum()
}

#[test]
fn clients_see_no_error_of_one_server_of_three() {
    for status in ["500", "502", "503", "504"] {
        let fails = Arc::<AtomicBool>::default();
        let knows = Arc::clone(&fails);
        let bad = Origin::start(move |connection| {
            loop {
                connection.read_request()?;
                let status = if knows.load(Ordering::SeqCst) { status } else { "200" };
                connection.write(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"))?;
            }
        });
        let servers = [answering(GOOD, "a"), bad, answering(GOOD, "c")];
        let (gateway, _) = start(Setup::to_all(&servers));
        // Pays into the retry budget, as the traffic before any fault does.
        assert_eq!(errors_of_a_crowd(gateway.address(), 50), 0);
        let before = servers[1].requests().len();
        fails.store(true, Ordering::SeqCst);
        let errors = errors_of_a_crowd(gateway.address(), 30);
        assert_eq!(errors, 0, "{status}: {errors} of 600 seen");
        assert!(servers[1].requests().len() > before, "the one that fails was asked too");
    }
}

#[test]
fn a_page_that_fails_everywhere_is_asked_for_once_more_and_not_each_time() {
    let servers = [answering("500 No", "a"), answering("500 No", "b")];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(NEVER_EJECTED));
    let mut client = gateway.connect();
    for n in 0..300 {
        assert_eq!(client.get(&format!("/broken?{n}")).status(), 500);
    }
    // Ten of one client, and one of its in ten seconds.
    let extra = asked(&servers) - 300;
    assert!((1..=20).contains(&extra), "{extra} beyond the 300 of clients");
}

#[test]
fn errors_of_all_pages_use_the_retries_up() {
    let servers = [answering("503 No", "a"), answering("503 No", "b")];
    let lines = "ejection = false\nretry_budget = false";
    let (gateway, _) = start(Setup::to_all(&servers).upstream(lines));
    let began = std::time::Instant::now();
    for number in 2..32 {
        let mut client = Client::connect_from(gateway.address(), [127, 0, 0, number].into());
        for n in 0..20 {
            assert_eq!(client.get(&format!("/{number}/{n}")).status(), 503);
        }
    }
    let extra = (asked(&servers) - 600) as u64;
    let most = 201 + began.elapsed().as_secs();
    assert!((100..=most).contains(&extra), "{extra} beyond the 600 of clients, {most} at most");
}

#[test]
fn a_broken_page_does_not_take_the_retries_of_others() {
    let fails = Arc::<AtomicBool>::default();
    let server = |can_fail: bool| {
        let fails = Arc::clone(&fails);
        Origin::start(move |connection| {
            loop {
                let request = connection.read_request()?;
                let fails = can_fail && fails.load(Ordering::SeqCst);
                let status = if fails || request.head.target() == "/broken" { 500 } else { 200 };
                connection.write(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"))?;
            }
        })
    };
    let servers = [server(false), server(true)];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(NEVER_EJECTED));
    let mut client = gateway.connect();
    (0..300).for_each(|_| assert_eq!(client.get("/broken").status(), 500));
    fails.store(true, Ordering::SeqCst);
    for n in 0..200 {
        assert_eq!(client.get("/good").status(), 200, "request {n}");
    }
}

/// A stranger can make a page fail: by a query, or by what only it sends.
#[test]
fn what_one_client_makes_fail_is_still_retried_for_others() {
    let fails = Arc::<AtomicBool>::default();
    let server = |can_fail: bool| {
        let fails = Arc::clone(&fails);
        Origin::start(move |connection| {
            loop {
                let request = connection.read_request()?;
                let is_bad = request.head.target().contains("bad") || request.head.has("cookie");
                let fails = can_fail && fails.load(Ordering::SeqCst);
                let status = if fails || is_bad { 500 } else { 200 };
                connection.write(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"))?;
            }
        })
    };
    let servers = [server(false), server(true)];
    let lines = "ejection = false\nretry_budget = false";
    let (gateway, _) = start(Setup::to_all(&servers).upstream(lines));
    let mut stranger = Client::connect_from(gateway.address(), [127, 0, 0, 2].into());
    for n in 0..150 {
        assert_eq!(stranger.get(&format!("/page?bad={n}")).status(), 500);
        let odd = stranger.exchange("GET /page HTTP/1.1\r\nHost: x\r\nCookie: odd\r\n\r\n");
        assert_eq!(odd.status(), 500);
    }
    fails.store(true, Ordering::SeqCst);
    let mut client = gateway.connect();
    for n in 0..50 {
        for target in ["/page", "/page?q=1"] {
            assert_eq!(client.get(target).status(), 200, "{target}, request {n}");
        }
    }
}

/// It may mean POST, whatever the request line says.
#[test]
fn a_request_with_a_method_override_is_sent_once() {
    for field in ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{field}: POST\r\n\r\n");
        for written in ["", "retry_on = [\"5xx\"]"] {
            let servers = [answering("500 No", "bad"), answering(GOOD, "good")];
            let lines = format!("{NEVER_EJECTED}\n{written}");
            let (gateway, _) = start(Setup::to_all(&servers).upstream(&lines));
            let mut client = gateway.connect();
            let seen = (0..4).filter(|_| client.exchange(&request).status() == 500).count();
            assert_eq!((seen, asked(&servers)), (2, 4), "{field}, {written:?}");
        }
        // Nor after a server that ends the connection without an answer.
        let servers =
            [Origin::start(tombolo_e2e::scripts::read_and_reset()), answering(GOOD, "good")];
        let (gateway, _) = start(Setup::to_all(&servers).upstream(NEVER_EJECTED));
        let mut client = gateway.connect();
        let seen = (0..4).filter(|_| client.exchange(&request).status() == 502).count();
        assert_eq!((seen, asked(&servers)), (2, 4), "{field}");
    }
}

#[test]
fn what_was_sent_whole_and_is_idempotent_goes_elsewhere_with_its_body() {
    let servers = [answering("500 No", "bad"), answering(GOOD, "good")];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(NEVER_EJECTED));
    for _ in 0..4 {
        let put = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(gateway.connect().exchange(put).status(), 200);
    }
    let bodies: Vec<_> = servers[1].requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, vec![b"abc".to_vec(); 4], "each once, and whole");
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let seen: Vec<u16> = (0..4).map(|_| gateway.connect().exchange(post).status()).collect();
    assert!(seen.contains(&500), "a POST is never sent twice: {seen:?}");
}

#[test]
fn a_server_that_says_when_to_come_back_has_the_last_word() {
    let servers = [answering("503 No\r\nRetry-After: 5", "busy"), answering(GOOD, "good")];
    let (gateway, _) = start(Setup::to_all(&servers).upstream(NEVER_EJECTED));
    let mut client = gateway.connect();
    let seen: Vec<u16> = (0..4).map(|_| client.get("/").status()).collect();
    assert_eq!(seen.iter().filter(|status| **status == 503).count(), 2, "{seen:?}");
    assert_eq!(asked(&servers), 4);
}

#[test]
fn a_list_that_is_written_is_what_counts() {
    for (written, passed_on) in [("[]", 2), ("[\"503\"]", 2), ("[\"5xx\"]", 0)] {
        let servers = [answering("500 No", "bad"), answering(GOOD, "good")];
        let lines = format!("{NEVER_EJECTED}\nretry_on = {written}");
        let (gateway, _) = start(Setup::to_all(&servers).upstream(&lines));
        let mut client = gateway.connect();
        let errors = (0..4).filter(|_| client.get("/").status() == 500).count();
        assert_eq!(errors, passed_on, "{written}");
    }
}

#[test]
fn a_client_that_a_cookie_keeps_with_a_server_stays_there() {
    let servers = [answering("500 No", "bad"), answering(GOOD, "good")];
    let lines = format!("{NEVER_EJECTED}\nsticky = {{ cookie = \"seat\" }}\nretry_on = []");
    let (gateway, _) = start(Setup::to_all(&servers).upstream(&lines));
    let mut client = gateway.connect();
    let bad = (0..4).map(|_| client.get("/")).find(|response| response.status() == 500);
    let cookie = bad.expect("one of the first two").head.one("Set-Cookie").unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    let lines = lines.replace("\nretry_on = []", "");
    let (gateway, _) = start(Setup::to_all(&servers).upstream(&lines));
    let mut client = gateway.connect();
    for _ in 0..4 {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n");
        let response = client.exchange(request);
        assert_eq!(response.status(), 500, "its session may be known there alone");
        assert!(!response.head.has("Set-Cookie"));
        assert_eq!(client.get("/").status(), 200, "others are new");
    }
}

#[test]
fn status_and_why_tell_of_it() {
    let servers = [answering("500 No", "bad"), answering(GOOD, "good")];
    let (gateway, admin) = start(Setup::to_all(&servers).upstream(NEVER_EJECTED));
    let mut client = gateway.connect();
    let ids: Vec<String> =
        (0..2).map(|_| client.get("/").head.one("X-Request-Id").unwrap().to_owned()).collect();
    let told: Vec<String> = ids
        .iter()
        .map(|id| {
            let request = format!("GET /api/v1/why?request={id} HTTP/1.1\r\nHost: {admin}\r\n\r\n");
            Client::connect(admin).exchange(request).text()
        })
        .collect();
    let words = "the upstream answered 500, and another server is asked: Tombolo's default while no \
                 `retry_on` is written for the upstream";
    assert!(told.iter().any(|told| told.contains(words)), "{told:?}");
    assert_eq!(upstream(admin)["error_retries"]["left"], 200, "{}", upstream(admin));
}
