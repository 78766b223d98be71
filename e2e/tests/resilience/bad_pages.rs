//! A page that fails everywhere is no reason to leave a server out; a server that fails where its
//! peers do not is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{start, upstream};
use tombolo_e2e::{Origin, Setup, eventually, scripts};

const ERROR: &str = "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh";

/// A server that fails for `/bad`, and for all pages from when it is told to.
fn server(fails: &Arc<AtomicBool>) -> Origin {
    let fails = Arc::clone(fails);
    Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            let is_bad = request.head.target().starts_with("/bad") || fails.load(Ordering::SeqCst);
            connection.write(if is_bad { ERROR.to_owned() } else { scripts::ok("ok") })?;
        }
    })
}

fn states(admin: SocketAddr) -> Vec<String> {
    let told = upstream(admin);
    let state = |server: &serde_json::Value| server["state"].as_str().unwrap().to_owned();
    told["backends"].as_array().unwrap().iter().map(state).collect()
}

#[test]
fn one_failing_page_leaves_all_servers_in() {
    for policy in ["round-robin", "random", "hash"] {
        let never = Arc::<AtomicBool>::default();
        let servers: Vec<Origin> = (0..3).map(|_| server(&never)).collect();
        let setup = Setup::to_all(&servers).upstream(&format!("policy = \"{policy}\""));
        let (gateway, admin) = start(setup);
        let mut client = gateway.connect();
        (0..30).for_each(|n| assert_eq!(client.get(&format!("/good/{n}")).status(), 200));
        (0..15).for_each(|_| assert_eq!(client.get("/bad").status(), 500));
        assert_eq!(states(admin), ["up"; 3], "{policy}: nothing but the page");
        // Among other requests, which all succeed: with `hash` all failures are one server's.
        for n in 0..40 {
            let status = client.get(&format!("/bad?n={n}")).status();
            assert_eq!(status, 500);
            assert_eq!(client.get(&format!("/good/{n}")).status(), 200);
        }
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(client.get("/bad").status(), 500);
        assert_eq!(states(admin), ["up"; 3], "{policy}: among others");
    }
}

#[test]
fn a_server_that_fails_where_its_peers_do_not_is_left_out() {
    for path in ["/one", "/many/"] {
        let (never, now) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let servers = [server(&never), server(&now), server(&never)];
        // Passed on, so that they can be counted.
        let (gateway, admin) = start(Setup::to_all(&servers).upstream("retry_on = []"));
        let mut client = gateway.connect();
        let path = |n: u32| if path == "/one" { path.to_owned() } else { format!("{path}{n}") };
        (0..30).for_each(|n| assert_eq!(client.get(&path(n)).status(), 200));
        now.store(true, Ordering::SeqCst);
        // Other pages each time: each is to be asked for at each server.
        let mut pages = (0..61).cycle();
        eventually("the server to be left out", || {
            pages.by_ref().take(4).for_each(|n| drop(client.get(&path(n))));
            (states(admin) == ["up", "ejected", "up"]).then_some(())
        });
        let errors = (0..30).filter(|n| client.get(&path(*n)).status() == 500).count();
        assert_eq!(errors, 0, "{}", upstream(admin));
    }
}
