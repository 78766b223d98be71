//! Changing a running gateway: a new configuration, servers and the gateway itself drained, a new
//! program. What a visitor would notice of it: nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod carried_over;
mod difference;
mod drain;
mod load;
mod refused;
mod service_manager;
mod storm;
mod succession;
mod succession_health;
mod triggers;

use serde_json::{Value, json};
use std::net::SocketAddr;
use tombolo_e2e::{Client, Connection, Origin, Response, Setup, Tombolo, WireError, scripts};

/// A gateway whose file can be written anew.
struct Changing {
    gateway: Tombolo,
    admin: SocketAddr,
}

impl Changing {
    fn start(setup: &Setup) -> Self {
        let gateway = setup.clone().gateway("admin = \"127.0.0.1:0\"").start();
        let admin = gateway.admin();
        Self { gateway, admin }
    }

    /// Writes the file anew; the gateway does not know yet.
    fn write(&self, setup: &Setup) {
        self.write_text(&setup.clone().gateway("admin = \"127.0.0.1:0\"").text());
    }

    fn write_text(&self, text: &str) {
        // In one go, as an editor does: half a file is never there.
        let beside = self.gateway.folder().join("tombolo.toml.new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.gateway.folder().join("tombolo.toml")).unwrap();
    }

    /// `POST path` of the admin API.
    fn post(&self, path: &str, body: &Value) -> Response {
        let (admin, body) = (self.admin, body.to_string());
        let length = body.len();
        Client::connect(admin).exchange(format!(
            "POST {path} HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Writes the file anew and has it reloaded; what the gateway answers.
    fn reload(&self, setup: &Setup) -> Value {
        self.write(setup);
        let answer = self.post("/api/v1/reload", &json!({}));
        assert_eq!(answer.status(), 200, "{}", answer.text());
        json_of(&answer)
    }

    fn status(&self) -> Value {
        json_of(&self.get("/api/v1/status"))
    }

    fn metrics(&self) -> String {
        self.get("/metrics").text().to_owned()
    }

    fn get(&self, path: &str) -> Response {
        let admin = self.admin;
        Client::connect(admin).exchange(format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n"))
    }

    /// What the status says of a server, or null.
    fn backend(&self, address: SocketAddr) -> Value {
        let (status, address) = (self.status(), address.to_string());
        let upstreams = status["upstreams"].as_array().unwrap();
        let mut all = upstreams.iter().flat_map(|one| one["backends"].as_array().unwrap());
        all.find(|one| one["address"] == address).cloned().unwrap_or_default()
    }
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// An origin that answers every request with its name, and echoes what comes over an upgraded
/// connection.
fn origin(name: &'static str) -> Origin {
    Origin::start(move |connection| answer(connection, name))
}

fn answer(connection: &mut Connection, name: &str) -> Result<(), WireError> {
    loop {
        let request = connection.read_request()?;
        if request.head.one("upgrade").is_none() {
            connection.write(scripts::ok(name))?;
            continue;
        }
        connection.stop_recording();
        connection.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n",
        )?;
        loop {
            let bytes = connection.wire.read_some()?;
            if bytes.is_empty() {
                return Ok(());
            }
            connection.write(bytes)?;
        }
    }
}

/// An upgraded connection, as a WebSocket is.
struct Socket(Client);

impl Socket {
    fn open(gateway: SocketAddr) -> Self {
        let mut client = Client::connect(gateway);
        client.send(
            "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
        );
        let head = client.wire.read_head().expect("an answer");
        assert_eq!(head.status(), 101);
        Self(client)
    }

    /// Whether it still carries bytes.
    fn is_open(&mut self) -> bool {
        self.0.try_send("a few bytes") && self.0.wire.read_exact(11).is_ok()
    }

    /// Sends a few bytes and waits until they have come back.
    fn echo(&mut self) {
        self.0.send("a few bytes");
        assert_eq!(self.0.wire.read_exact(11).expect("the echo"), b"a few bytes");
    }
}
