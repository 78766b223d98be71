//! The chat's page.

mod history;
mod looks;
mod losing;
mod outbox;
mod talking;

use std::net::SocketAddr;

use serde_json::{Value, json};
use tombolo_e2e::browser::{Browser, Look, keys};
use tombolo_e2e::{Client, Setup, Tombolo};

/// Three replicas that share one file, and a gateway before them.
struct Chat {
    replicas: Vec<Tombolo>,
    gateway: Tombolo,
    /// Dropped after the processes that use it.
    _folder: tempfile::TempDir,
}

impl Chat {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = format!("sqlite:{}", folder.path().join("chat.db").display());
        let replica = |number: usize| {
            let name = format!("chat-{number}");
            let arguments = ["serve", "chat", "--listen", "0", "--database", &database];
            Tombolo::start(&[&arguments[..], &["--replica", &name, "--rate", "0"]].concat())
                .listening()
        };
        let replicas: Vec<_> = (1..=3).map(replica).collect();
        let addresses = replicas.iter().map(|replica| replica.address().to_string());
        let gateway = Setup::to_addresses(addresses).start();
        Self { replicas, gateway, _folder: folder }
    }

    /// The address of a room's page.
    fn page(&self, room: &str) -> String {
        self.gateway.url(&format!("/chat/?room={room}"))
    }

    /// A browser in which somebody has entered a room.
    fn enter(&self, look: &Look, room: &str, name: &str) -> Browser {
        let browser = Browser::open(look);
        browser.go(&self.page(room));
        browser.wait_for("#enter #name").type_in(name);
        browser.wait_for("#enter button[type=submit]").click();
        browser.wait_for_none("#enter");
        live(&browser);
        browser
    }

    /// Somebody else says something, over the API.
    fn say(&self, room: &str, author: &str, text: &str) -> Value {
        say(self.gateway.address(), room, author, text)
    }
}

fn say(gateway: SocketAddr, room: &str, author: &str, text: &str) -> Value {
    let body = json!({"author": author, "text": text}).to_string();
    let length = body.len();
    let answer = Client::connect(gateway).exchange(format!(
        "POST /chat/rooms/{room}/messages HTTP/1.1\r\nHost: e2e\r\nContent-Type: application/json\
         \r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    assert_eq!(answer.status(), 201, "{}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

/// Waits until the page follows its room.
fn live(browser: &Browser) {
    browser.wait_for("#link[data-state=open]");
}

/// The replica that the page follows its room by way of.
fn via(browser: &Browser) -> String {
    let script = "return document.getElementById('via').textContent.match(/chat-\\d/)?.[0] ?? null";
    browser.wait_until("a replica", script).as_str().unwrap().to_owned()
}

/// Writes a message and sends it with Enter.
fn write(browser: &Browser, text: &str) {
    browser.wait_for("#text").type_in(&format!("{text}{}", keys::ENTER));
}

/// The texts on the page, in their order, with those that wait.
fn texts(browser: &Browser) -> Vec<String> {
    let script =
        "return [...document.querySelectorAll('.line .text')].map((one) => one.textContent)";
    let texts = browser.run(script, &[]);
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Waits until the page shows exactly these texts, none of them waiting.
fn shows(browser: &Browser, expected: &[&str]) {
    let list = json!(expected).to_string();
    let script = format!(
        "const shown = [...document.querySelectorAll('#lines .line .text')].map((one) => one.textContent);
         return document.querySelectorAll('#pending .line').length === 0
             && JSON.stringify(shown) === JSON.stringify({list})"
    );
    browser.wait_until(&format!("exactly {list}"), &script);
}
