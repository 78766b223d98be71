//! `[[upstream]]` as meant: a named set of servers and how one of them is chosen.

use tombolo_balance::Policy;

use super::HostPort;

/// A set of servers that answer alike: `[[upstream]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The name routes call it by; unique among upstreams and services.
    pub name: String,
    /// How a server is chosen.
    pub policy: Policy,
    /// What `Policy::Hash` hashes; without effect on other policies.
    pub hash_on: HashKey,
    /// Whether a client stays with the server it was first given.
    pub sticky: Option<Sticky>,
    /// The servers, 1 to [`Upstream::SERVERS_MAX`].
    pub servers: Vec<Server>,
    /// The index of the service whose replicas these servers are, for `tombolo up`, which may
    /// have to give them other ports.
    pub service: Option<usize>,
}

impl Upstream {
    /// The most servers one upstream can have.
    pub const SERVERS_MAX: usize = 4096;

    /// An upstream by its name and servers, chosen in turn.
    #[must_use]
    pub fn new(name: impl Into<String>, servers: Vec<Server>) -> Self {
        Self {
            name: name.into(),
            policy: Policy::RoundRobin,
            hash_on: HashKey::default(),
            sticky: None,
            servers,
            service: None,
        }
    }
}

/// What a consistent hash is taken of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HashKey {
    /// The path of the request target, without its query.
    #[default]
    Path,
    /// A request header, named in lower case.
    Header(String),
    /// A cookie of this name.
    Cookie(String),
    /// The client's IP address.
    Client,
}

/// A cookie that keeps a client with one server for as long as that server is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// The cookie's name.
    pub cookie: String,
}

/// One server of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it listens.
    pub address: HostPort,
    /// Its share of the requests, 1 to [`Server::WEIGHT_MAX`].
    pub weight: u32,
    /// The address as it stands in the file: how logs and `X-Served-By` call it.
    pub as_written: String,
}

impl Server {
    /// The most a weight can be.
    pub const WEIGHT_MAX: u32 = 1000;

    /// A server of weight 1.
    #[must_use]
    pub fn new(address: HostPort) -> Self {
        Self { as_written: address.to_string(), address, weight: 1 }
    }
}
