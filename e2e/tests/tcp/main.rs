//! Connections that are not HTTP: which server gets them, and how bytes and ends pass both ways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod balancing;
mod counts;
mod drain;
mod ends;
mod flow;
mod limits;
mod proxy_foreign;
mod proxy_protocol;
mod proxy_protocol_http;
mod unix_sockets;

use std::fmt::Write as _;
use tombolo_e2e::{Connection, Origin, Tombolo, WireError};

/// A gateway with one `[[tcp]]` before some servers, under construction.
struct Tcp {
    servers: Vec<String>,
    upstream: &'static str,
    tcp: String,
    gateway: String,
    workers: usize,
}

impl Tcp {
    fn to<'o>(origins: impl IntoIterator<Item = &'o Origin>) -> Self {
        Self::to_addresses(origins.into_iter().map(|origin| origin.server()))
    }

    fn to_addresses(addresses: impl IntoIterator<Item = String>) -> Self {
        let (tcp, gateway) = (String::new(), String::new());
        Self { servers: addresses.into_iter().collect(), upstream: "", tcp, gateway, workers: 1 }
    }

    /// Lines of the upstream.
    fn upstream(self, upstream: &'static str) -> Self {
        Self { upstream, ..self }
    }

    /// Lines of the `[[tcp]]`.
    fn tcp(self, lines: impl Into<String>) -> Self {
        Self { tcp: lines.into(), ..self }
    }

    /// Tables and keys of `[gateway.…]`.
    fn gateway(self, lines: impl Into<String>) -> Self {
        Self { gateway: lines.into(), ..self }
    }

    fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    fn start(&self) -> Tombolo {
        let mut text = format!("[gateway]\nworkers = {}\n{}\n", self.workers, self.gateway);
        let (servers, upstream, tcp) = (&self.servers, self.upstream, &self.tcp);
        let _ = writeln!(text, "[[upstream]]\nname = \"app\"\nservers = {servers:?}\n{upstream}");
        let listen = "listen = [\"127.0.0.1:0\"]";
        let _ = writeln!(text, "[[tcp]]\n{listen}\nupstream = \"app\"\n{tcp}");
        Tombolo::tcp_gateway(&text)
    }
}

/// Sends back what comes, until it ends.
fn echo(connection: &mut Connection) -> Result<(), WireError> {
    loop {
        let bytes = connection.wire.read_some()?;
        if bytes.is_empty() {
            return Ok(());
        }
        connection.write(bytes)?;
    }
}

/// Servers that say their number and then send back what comes.
fn numbered(count: usize) -> Vec<Origin> {
    let number = |n: usize| {
        Origin::start(move |connection| {
            connection.write(n.to_string())?;
            echo(connection)
        })
    };
    (0..count).map(number).collect()
}
