//! The console page, as an operator uses it.

use std::net::SocketAddr;

use tombolo_e2e::browser::{Browser, Look, keys};
use tombolo_e2e::{Origin, Setup, Tombolo, eventually, scripts};

/// A gateway before two servers with some requests behind it, and where its console is.
struct Watched {
    gateway: Tombolo,
    console: SocketAddr,
    origins: Vec<Origin>,
}

impl Watched {
    fn start() -> Self {
        Self::with("")
    }

    fn with(lines: &str) -> Self {
        let answer = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok";
        let origins: Vec<Origin> =
            (0..2).map(|_| Origin::start(scripts::answer(answer.to_owned()))).collect();
        let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = true\n[cache]\n\
                      dir = \"cache\"";
        let setup = Setup::to_all(&origins).routes(routes).upstream("limit = 32");
        let gateway = setup.gateway(&format!("admin = \"127.0.0.1:0\"\n{lines}")).start();
        let console = gateway.admin();
        let watched = Self { gateway, console, origins };
        watched.ask("/first");
        watched
    }

    fn ask(&self, path: &str) {
        let host = self.gateway.address();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(self.gateway.connect().exchange(request).status(), 200);
    }

    fn look_at(&self, look: &Look) -> Browser {
        let browser = Browser::open(look);
        browser.go(&format!("http://{}/", self.console));
        browser.wait_for("#upstreams .pill");
        browser.wait_for("#requests tbody tr");
        browser
    }
}

#[test]
fn servers_rates_and_requests_are_shown_as_they_change() {
    let watched = Watched::start();
    let browser = watched.look_at(&Look::desk());
    browser.wait_for_text("#state", "serving");
    let one = "return document.querySelector('#facts').textContent.endsWith(' 1 thread')";
    browser.wait_until("one thread in words", one);
    for origin in &watched.origins {
        browser.wait_for_text("#upstreams code", &origin.address().to_string());
    }
    browser.wait_for_text("#upstreams h3", "0 of 1,000 waiting");
    browser.wait_for_text("#upstreams td", "0 / 32");
    watched.ask("/second?with=query");
    browser.wait_for_text("#requests .target", "/second?with=query");
    browser.wait_for_text(".chart .detail", "at most");
    let pictured = "return document.querySelectorAll('.chart path.line').length > 0";
    browser.wait_until("a line in a picture", pictured);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn everybody_can_use_it() {
    let watched = Watched::start();
    for (name, look) in [
        ("console", Look::desk()),
        ("console-dark", Look::desk().dark()),
        ("console-phone", Look::phone().spanish()),
    ] {
        let browser = watched.look_at(&look);
        browser.picture(name);
        browser.judge_accessibility(name);
        let wide = "return document.documentElement.scrollWidth > innerWidth";
        assert_eq!(browser.run(wide, &[]), false, "{name} scrolls sideways");
    }
}

#[test]
fn it_speaks_spanish() {
    let watched = Watched::start();
    let browser = watched.look_at(&Look::desk().spanish());
    assert_eq!(browser.title(), "Consola de Tombolo");
    browser.wait_for_text("#state", "en servicio");
}

#[test]
fn a_request_leads_to_why() {
    let watched = Watched::start();
    let browser = watched.look_at(&Look::desk());
    browser.wait_for("#requests .link").click();
    browser.wait_for_text("#why-answer", "RFC 9111 section 4");
    browser.judge_accessibility("the dialog why");
    browser.picture("console-why");
    let field = browser.wait_for("#why-url");
    field.clear();
    field.type_in("http://example.org/page");
    browser.wait_for("#why-yes").click();
    browser.wait_for_text("#why-answer", "round-robin");
    assert_eq!(watched.origins.iter().map(|origin| origin.requests().len()).sum::<usize>(), 1);
    browser.press(&keys::ESCAPE.to_string());
    browser.wait_for_none("#why[open]");
}

#[test]
fn a_server_is_drained_by_a_click_and_taken_back() {
    let watched = Watched::start();
    let browser = watched.look_at(&Look::desk());
    let leaving = watched.origins[0].address().to_string();
    let button = |verb: &str| format!("#upstreams button[data-key='{verb} app {leaving}']");
    browser.wait_for(&button("drain")).click();
    browser.wait_for_text("#confirm-title", &leaving);
    browser.wait_for("#confirm-yes").click();
    browser.wait_for_text("#upstreams .pill.draining", "draining");
    browser.picture("console-drained");
    browser.judge_accessibility("the console with a drained server");
    let before = watched.origins[0].requests().len();
    for number in 0..6 {
        watched.ask(&format!("/while-it-drains/{number}"));
    }
    assert_eq!(watched.origins[0].requests().len(), before, "it got new requests");
    browser.wait_for(&button("undrain")).click();
    browser.wait_for("#confirm-yes").click();
    browser.wait_for_none("#upstreams .pill.draining");
    // A little at first: it starts slowly.
    let mut number = 0;
    eventually("requests for the server that is back", || {
        number += 1;
        watched.ask(&format!("/when-it-is-back/{number}"));
        (watched.origins[0].requests().len() > before).then_some(())
    });
}

#[test]
fn a_purge_asks_first_and_says_what_is_wrong() {
    let watched = Watched::start();
    let browser = watched.look_at(&Look::desk());
    browser.wait_for("#do-purge").click();
    browser.wait_for("#purge-value").type_in("no url");
    browser.wait_for("#purge-yes").click();
    browser.wait_for_text("#purge .problem", "url");
    let url = watched.gateway.url("/first");
    let field = browser.wait_for("#purge-value");
    field.clear();
    field.type_in(&url);
    browser.wait_for("#purge-yes").click();
    browser.wait_for_text("#said", "Purged");
    watched.ask("/first");
    assert_eq!(watched.origins.iter().map(|origin| origin.requests().len()).sum::<usize>(), 2);
}

/// The token is asked for, tried, kept in this tab alone, and forgotten when that is wanted.
#[test]
fn the_token_is_asked_for_and_kept_in_the_tab() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "correct-horse-battery-staple\n").unwrap();
    let watched = Watched::with(&format!("admin_token_file = {file:?}"));
    let browser = Browser::open(&Look::desk());
    browser.go(&format!("http://{}/", watched.console));
    browser.wait_for("#token").type_in("wrong-horse-battery-staple");
    browser.wait_for("#login-yes").click();
    browser.wait_for_text("#login .problem", "not the token");
    browser.judge_accessibility("the dialog for the token");
    browser.wait_for("#token").type_in("correct-horse-battery-staple");
    browser.wait_for("#login-yes").click();
    browser.wait_for("#upstreams .pill");
    browser.reload();
    browser.wait_for("#upstreams .pill");
    let kept = "return localStorage.length + document.cookie.length";
    assert_eq!(browser.run(kept, &[]), 0);
    browser.wait_for("#do-logout").click();
    browser.wait_for("#token");
}

/// What is shown when nothing answers any more is said to be old.
#[test]
fn a_gateway_that_is_gone_is_said_to_be() {
    let mut watched = Watched::start();
    let browser = watched.look_at(&Look::desk());
    watched.gateway.kill();
    browser.wait_for_text("#alarms", "does not answer");
    browser.wait_for_text("#state", "no answer");
}
