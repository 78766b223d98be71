//! `[gateway]` as meant: where it listens, whom it trusts, and every limit and deadline it keeps.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::Admin;

/// The gateway's own settings: `[gateway]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The addresses to accept HTTP/1.1 on, none twice. None at all only where no request has a
    /// route: a gateway that balances TCP alone.
    pub listen: Vec<SocketAddr>,
    /// Where it is administered. None: nowhere.
    pub admin: Option<Admin>,
    /// A Unix socket with the same, for its owner alone. None: none.
    pub admin_socket: Option<PathBuf>,
    /// The Unix socket of the `tombolo up` that runs it. None: it runs alone.
    pub orchestrator: Option<PathBuf>,
    /// Whether each connection begins with a PROXY protocol header from a trusted hop, which
    /// names its client. Then `trusted` is not empty.
    pub proxy_protocol: bool,
    /// Where what is known of servers outlives the process.
    pub state_file: StateFile,
    /// Data-plane threads; 0 means one per usable core.
    pub workers: usize,
    /// The hops whose `X-Forwarded-*`, `Forwarded` and `X-Request-Id` are believed.
    pub trusted: Vec<IpNet>,
    /// The DNS servers that are asked for the names of servers; empty: those of the system.
    pub dns: Vec<SocketAddr>,
    /// Whether responses tell the server that answered, as `X-Served-By`.
    pub served_by: bool,
    /// Whether the file is read again whenever it has changed.
    pub watch: bool,
    /// How much of anything is accepted.
    pub limits: Limits,
    /// How long anything may take.
    pub timeouts: Timeouts,
}

impl Gateway {
    /// The most data-plane threads.
    pub const WORKERS_MAX: usize = 1024;
    /// Where the gateway listens unless told otherwise.
    pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            listen: vec![Self::DEFAULT_LISTEN],
            admin: None,
            admin_socket: None,
            orchestrator: None,
            proxy_protocol: false,
            state_file: StateFile::default(),
            workers: 0,
            trusted: Vec::new(),
            dns: Vec::new(),
            served_by: true,
            watch: false,
            limits: Limits::DEFAULT,
            timeouts: Timeouts::DEFAULT,
        }
    }
}

/// Where what is known of servers is kept for the time after a restart: `[gateway] state_file`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StateFile {
    /// Nobody said: [`StateFile::DEFAULT`], or where `tombolo up` keeps what is its own.
    #[default]
    Unsaid,
    /// Nowhere.
    Off,
    /// In this file, relative to the directory the program runs in.
    At(PathBuf),
}

impl StateFile {
    /// The file unless the configuration says otherwise.
    pub const DEFAULT: &'static str = "gateway-state.json";

    /// The file. None: nowhere.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unsaid => Some(Path::new(Self::DEFAULT)),
            Self::Off => None,
            Self::At(path) => Some(path),
        }
    }
}

/// How much the gateway accepts: `[gateway.limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message head: start line and header fields.
    pub head_bytes: usize,
    /// Header fields of a message.
    pub head_fields: usize,
    /// Bytes of a request target.
    pub target_bytes: usize,
    /// Bytes of a request body; 0 means no limit. A route may say otherwise.
    pub body_bytes: u64,
    /// Bytes of the trailer section after a chunked body.
    pub trailer_bytes: usize,
    /// Client connections at the same time, in all.
    pub connections: usize,
    /// Client connections at the same time from one address.
    pub connections_per_client: usize,
    /// Bytes of memory that request heads may hold which are not whole yet.
    pub half_heads: usize,
    /// Idle connections kept per worker and server.
    pub upstream_idle: usize,
    /// Interim (1xx) responses to one request.
    pub interim_responses: usize,
    /// Servers tried for one request once bytes of it were sent. Connections that fail do not
    /// count: those go on to every server.
    pub attempts: usize,
    /// Bytes a second that a client has to move of a body, over [`Timeouts::body_gap`]; 0 means any.
    pub client_rate: u64,
    /// Exchanges that each worker remembers for who asks what happened; 0 means none.
    pub recent_requests: usize,
}

impl Limits {
    /// What holds unless the file says otherwise.
    pub const DEFAULT: Self = Self {
        head_bytes: 32 << 10,
        head_fields: 100,
        target_bytes: 8 << 10,
        body_bytes: 1 << 30,
        trailer_bytes: 8 << 10,
        connections: 65_536,
        connections_per_client: 16_384,
        half_heads: 128 << 20,
        upstream_idle: 128,
        interim_responses: 1_000,
        attempts: 3,
        client_rate: 100,
        recent_requests: 2_048,
    };
    /// The most `head_bytes` can be set to: a head must fit the gateway's 64 KiB buffer with
    /// room for the fields it adds.
    pub const HEAD_BYTES_MAX: usize = 60 << 10;
    /// The most `head_fields` can be set to: the parser's table has this many places.
    pub const HEAD_FIELDS_MAX: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How long the gateway waits: `[gateway.timeouts]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From a request's first byte to the end of its head.
    pub head: Duration,
    /// Between two requests on one client connection.
    pub idle: Duration,
    /// For a connection to a server to be made.
    pub connect: Duration,
    /// From the request's end to the first byte of the server's answer.
    pub first_byte: Duration,
    /// Between two pieces of a body, for whoever is to send or take it.
    pub body_gap: Duration,
    /// That a client may take nothing of a response while nobody needs its place.
    pub client_stall: Duration,
    /// Without a byte in either direction of an upgraded connection.
    pub tunnel_idle: Duration,
    /// That an idle connection to a server is kept.
    pub upstream_idle: Duration,
    /// For a client to read a refusal while its unread bytes are thrown away.
    pub linger: Duration,
    /// Between the first sign of a drain (`/readyz` answers 503) and its beginning.
    pub drain_delay: Duration,
    /// For what is under way to finish once a drain began.
    pub drain: Duration,
}

impl Timeouts {
    /// What holds unless the file says otherwise.
    pub const DEFAULT: Self = Self {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        connect: Duration::from_secs(2),
        first_byte: Duration::from_secs(60),
        body_gap: Duration::from_secs(30),
        client_stall: Duration::from_secs(600),
        tunnel_idle: Duration::from_secs(3600),
        upstream_idle: Duration::from_secs(60),
        linger: Duration::from_secs(2),
        drain_delay: Duration::ZERO,
        drain: Duration::from_secs(30),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}
