//! `[[upstream]]` as meant: a named set of servers and how one of them is chosen.

use std::time::Duration;

use tombolo_balance::Policy;

use super::{
    Ejection, ExchangeLimits, ExchangeTimeouts, HealthCheck, RetryBudget, ServerAddress, Statuses,
    UpstreamLimit,
};

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
    /// How the servers are checked. None: not at all.
    pub health: Option<HealthCheck>,
    /// When servers are left out because they fail requests. None: never.
    pub ejection: Option<Ejection>,
    /// How many requests each server has at one time, and how others wait. None: any number.
    pub limit: Option<UpstreamLimit>,
    /// Over what time a server that has come back gets its whole share; zero: at once.
    pub slow_start: Duration,
    /// How many requests may be repeated at another server. None: any number.
    pub retry_budget: Option<RetryBudget>,
    /// Statuses after which an idempotent request goes to another server. None written: after 500 and
    /// 502 to 504, once, while that helps.
    pub retry_on: Option<Statuses>,
    /// How long an exchange may take, where that differs from the gateway's timeouts.
    pub timeouts: ExchangeTimeouts,
    /// How much of an exchange is accepted, where that differs from the gateway's limits.
    pub limits: ExchangeLimits,
    /// The servers, 1 to [`Upstream::SERVERS_MAX`]; none where `srv` says who they are.
    pub servers: Vec<Server>,
    /// The name whose SRV records name the servers.
    pub srv: Option<String>,
    /// The index of the service whose replicas these servers are, for `tombolo up`, which may
    /// have to give them other ports.
    pub service: Option<usize>,
}

impl Upstream {
    /// The most servers one upstream can have.
    pub const SERVERS_MAX: usize = 4096;
    /// The slow start unless the file says otherwise.
    pub const SLOW_START: Duration = Duration::from_secs(10);

    /// An upstream by its name and servers, chosen in turn.
    #[must_use]
    pub fn new(name: impl Into<String>, servers: Vec<Server>) -> Self {
        Self {
            name: name.into(),
            policy: Policy::RoundRobin,
            hash_on: HashKey::default(),
            sticky: None,
            health: None,
            ejection: Some(Ejection::default()),
            limit: None,
            slow_start: Self::SLOW_START,
            retry_budget: Some(RetryBudget::default()),
            retry_on: None,
            timeouts: ExchangeTimeouts::default(),
            limits: ExchangeLimits::default(),
            servers,
            srv: None,
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
    /// The paths it is sent back for.
    pub path: String,
    /// Whether it is sent back with requests that another site caused.
    pub same_site: SameSite,
    /// Whether it is sent back over HTTPS alone.
    pub secure: bool,
    /// Whether scripts of the page cannot read it.
    pub http_only: bool,
    /// How long the browser keeps it. None: until it is closed.
    pub max_age: Option<Duration>,
}

impl Sticky {
    /// A cookie of this name with the usual attributes.
    #[must_use]
    pub fn new(cookie: impl Into<String>) -> Self {
        Self {
            cookie: cookie.into(),
            path: "/".to_owned(),
            same_site: SameSite::Lax,
            secure: false,
            http_only: true,
            max_age: None,
        }
    }

    /// What stands behind name and value in `Set-Cookie` (RFC 6265 section 4.1.1).
    #[must_use]
    pub fn attributes(&self) -> String {
        let Self { cookie: _, path, same_site, secure, http_only, max_age } = self;
        let mut text = format!("; Path={path}");
        if let Some(max_age) = max_age {
            text.push_str(&format!("; Max-Age={}", max_age.as_secs()));
        }
        if *http_only {
            text.push_str("; HttpOnly");
        }
        if *secure {
            text.push_str("; Secure");
        }
        text + "; SameSite=" + same_site.attribute()
    }
}

/// With which requests a browser sends a cookie back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Those of the same site alone.
    Strict,
    /// Those too that lead to the site from another.
    #[default]
    Lax,
    /// All, such as those of a frame in another site's page.
    None,
}

impl SameSite {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Lax, Self::None];

    /// The word in the configuration file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lax => "lax",
            Self::None => "none",
        }
    }

    const fn attribute(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// One server of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it listens.
    pub address: ServerAddress,
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
    pub fn new(address: ServerAddress) -> Self {
        Self { as_written: address.to_string(), address, weight: 1 }
    }
}
