//! Many at one time whose answers cannot be shared: none waits for another. The origin holds each
//! request until all have come; the gateway's own count tells how many waited for another's answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::site::metric;
use tombolo_e2e::{Client, Origin, PATIENCE, Setup, Tombolo, eventually};

/// Clients at one time.
const MANY: usize = 24;

/// Requests at the origin, held until `wanted` of them are there.
#[derive(Default)]
struct Held {
    here: Mutex<usize>,
    wanted: AtomicUsize,
    changed: Condvar,
}

impl Held {
    /// From now on each request waits until so many are at the origin. 1: none waits.
    fn until(&self, wanted: usize) {
        *self.here.lock().unwrap() = 0;
        self.wanted.store(wanted, Ordering::SeqCst);
    }

    fn wait(&self) {
        let mut here = self.here.lock().unwrap();
        *here += 1;
        self.changed.notify_all();
        let few = |here: &mut usize| *here < self.wanted.load(Ordering::SeqCst);
        let (here, ended) = self.changed.wait_timeout_while(here, PATIENCE, few).unwrap();
        assert!(!ended.timed_out(), "{} requests came at one time", *here);
    }
}

/// A site that answers all with `answer`; empty: it closes instead.
struct Crowded {
    held: Arc<Held>,
    gateway: Tombolo,
    _origin: Origin,
}

impl Crowded {
    fn new(answer: &'static str, upstream: &str) -> Self {
        let held = Arc::new(Held::default());
        let inner = Arc::clone(&held);
        let origin = Origin::start(move |connection| {
            loop {
                connection.read_request()?;
                inner.wait();
                if answer.is_empty() {
                    return Ok(());
                }
                connection.write(answer)?;
            }
        });
        let routes = "[cache]\nttl = \"60s\"\n[[route]]\npath = \"/\"\nupstream = \"app\"";
        let gateway = Setup::to(&origin)
            .gateway("admin = \"127.0.0.1:0\"")
            .upstream(upstream)
            .routes(routes)
            .start();
        Self { held, gateway, _origin: origin }
    }

    /// Requests that waited for the answer to another, so far.
    fn joined(&self) -> u64 {
        metric(self.gateway.admin(), "tombolo_cache_joined_total")
    }

    /// So many clients ask at one time, each with these field lines; gives their statuses.
    fn wave(&self, many: usize, fields: impl Fn(usize) -> String) -> Vec<u16> {
        self.held.until(many);
        let mut clients: Vec<Client> = (0..many).map(|_| self.gateway.connect()).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            let fields = fields(number);
            client.send(format!("GET / HTTP/1.1\r\nHost: example.org\r\n{fields}\r\n"));
        }
        clients
            .iter_mut()
            .map(|client| client.read_response().expect("an answer").status())
            .collect()
    }
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";

#[test]
fn those_with_credentials_do_not_wait_for_each_other() {
    let site = Crowded::new(PAGE, "");
    for field in ["Cookie: session", "Authorization: Basic", "X-Api-Key: a"] {
        for _ in 0..2 {
            let statuses = site.wave(MANY, |number| format!("{field}={number}\r\n"));
            assert_eq!(statuses, [200; MANY]);
        }
    }
    assert_eq!(site.joined(), 0);
}

#[test]
fn those_with_credentials_do_not_hold_those_without() {
    let site = Crowded::new(PAGE, "");
    let fields =
        |number| if number == 0 { String::new() } else { format!("Cookie: a={number}\r\n") };
    assert_eq!(site.wave(MANY, fields), [200; MANY]);
    assert_eq!(site.joined(), 0);
}

/// From the second answer for a key on.
#[test]
fn those_whose_answer_was_not_shared_before_do_not_wait_for_each_other() {
    for answer in [
        "HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 4\r\n\r\npage",
        "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\npage",
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\npage",
        "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 4\r\n\r\npage",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\npage",
        "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\npage",
    ] {
        let site = Crowded::new(answer, "ejection = false\nretry_on = []");
        site.wave(1, |_| String::new());
        site.wave(MANY, |_| String::new());
        assert_eq!(site.joined(), 0, "{answer}");
    }
}

/// The first of all is waited for once; after that each asks for itself.
#[test]
fn one_wait_for_nothing_is_all() {
    let site = Crowded::new("", "ejection = false");
    site.held.until(1);
    let mut first = site.gateway.connect();
    site.held.until(usize::MAX);
    first.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    eventually("the first request at the origin", || {
        (*site.held.here.lock().unwrap() == 1).then_some(())
    });
    let mut others: Vec<Client> = (0..MANY).map(|_| site.gateway.connect()).collect();
    for client in &mut others {
        client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    }
    eventually("the others to wait", || (site.joined() == MANY as u64).then_some(()));
    // The first is answered by a closed connection; then all others are at the origin at one time.
    site.held.wanted.store(1, Ordering::SeqCst);
    site.held.changed.notify_all();
    assert_eq!(first.read_response().expect("an answer").status(), 502);
    for client in &mut others {
        assert_eq!(client.read_response().expect("an answer").status(), 502);
    }
    assert_eq!(site.joined(), MANY as u64, "no second wait");
}
