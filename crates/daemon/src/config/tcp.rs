//! `[[tcp]]` as meant: connections passed on as they are, byte for byte.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

/// Passes whole connections on to an upstream: `[[tcp]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// The addresses to accept connections on; at least one, none twice in the whole file.
    pub listen: Vec<SocketAddr>,
    /// The index of the upstream in [`super::Config::upstreams`].
    pub upstream: usize,
    /// Without a byte in either direction. Then both sides are closed.
    pub idle: Duration,
    /// For a connection to one server to be made. None: the gateway's.
    pub connect: Option<Duration>,
    /// The peers that may connect, each with a PROXY protocol header before its first byte; at
    /// least one. None: anybody, and no header is expected.
    pub proxy_protocol_in: Option<Vec<IpNet>>,
    /// The PROXY protocol header that servers are sent first. None: none.
    pub proxy_protocol_out: Option<ProxyProtocol>,
    /// Connections at the same time, beside the gateway's limits. None: those alone.
    pub connections: Option<usize>,
}

impl Tcp {
    /// What `idle` is unless the file says otherwise.
    pub const IDLE_DEFAULT: Duration = Duration::from_secs(3600);

    /// Passes connections to these addresses on to the upstream of this index.
    #[must_use]
    pub fn new(listen: Vec<SocketAddr>, upstream: usize) -> Self {
        Self {
            listen,
            upstream,
            idle: Self::IDLE_DEFAULT,
            connect: None,
            proxy_protocol_in: None,
            proxy_protocol_out: None,
            connections: None,
        }
    }
}

/// The two forms of a PROXY protocol header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

impl ProxyProtocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V1, Self::V2];

    /// The name in the configuration file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}
