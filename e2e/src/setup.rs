//! The configuration most tests need, with room for the lines a test is about.

use crate::{Origin, Tombolo};
use std::fmt::Write as _;

/// A configuration under construction: one upstream named `app`, one route, one worker, the access
/// log as JSON on standard output.
#[derive(Clone)]
pub struct Setup {
    workers: usize,
    gateway: String,
    limits: String,
    timeouts: String,
    access_log: String,
    upstream: String,
    servers: Vec<String>,
    routes: String,
}

impl Setup {
    /// A gateway before one origin.
    pub fn to(origin: &Origin) -> Self {
        Self::to_addresses([origin.server()])
    }

    /// A gateway before several origins, in order.
    pub fn to_all<'o>(origins: impl IntoIterator<Item = &'o Origin>) -> Self {
        Self::to_addresses(origins.into_iter().map(|origin| origin.server()))
    }

    /// A gateway before servers given as `host:port`, or as a table for weights.
    pub fn to_addresses(addresses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let quote = |text: String| if text.starts_with('{') { text } else { format!("{text:?}") };
        Self {
            workers: 1,
            gateway: String::new(),
            limits: String::new(),
            timeouts: String::new(),
            access_log: "stdout = true\nformat = \"json\"".into(),
            upstream: String::new(),
            servers: addresses.into_iter().map(|address| quote(address.into())).collect(),
            routes: "[[route]]\npath = \"/\"\nupstream = \"app\"".into(),
        }
    }

    /// How many workers; one unless told.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Adds lines to `[gateway]`.
    pub fn gateway(mut self, lines: &str) -> Self {
        self.gateway += &format!("{lines}\n");
        self
    }

    /// Adds lines to `[gateway.limits]`.
    pub fn limits(mut self, lines: &str) -> Self {
        self.limits += &format!("{lines}\n");
        self
    }

    /// Adds lines to `[gateway.timeouts]`.
    pub fn timeouts(mut self, lines: &str) -> Self {
        self.timeouts += &format!("{lines}\n");
        self
    }

    /// Replaces the lines of `[access_log]`.
    pub fn access_log(mut self, lines: &str) -> Self {
        self.access_log = lines.into();
        self
    }

    /// Adds lines to the upstream, such as its policy.
    pub fn upstream(mut self, lines: &str) -> Self {
        self.upstream += &format!("{lines}\n");
        self
    }

    /// Replaces the routes (and may add further upstreams).
    pub fn routes(mut self, text: &str) -> Self {
        self.routes = text.into();
        self
    }

    /// The configuration file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let listen = "listen = [\"127.0.0.1:0\"]";
        let _ = writeln!(text, "[gateway]\n{listen}\nworkers = {}\n{}", self.workers, self.gateway);
        let _ = writeln!(text, "[gateway.limits]\n{}", self.limits);
        let _ = writeln!(text, "[gateway.timeouts]\n{}", self.timeouts);
        let _ = writeln!(text, "[access_log]\n{}\n", self.access_log);
        let servers = self.servers.join(", ");
        let _ = writeln!(text, "[[upstream]]\nname = \"app\"\nservers = [{servers}]");
        let _ = writeln!(text, "{}\n{}", self.upstream, self.routes);
        text
    }

    /// Starts the gateway with it.
    pub fn start(&self) -> Tombolo {
        Tombolo::gateway(&self.text())
    }
}
