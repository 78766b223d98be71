//! `[traces]` as meant: which requests are traced, and where that is told.

use super::HostPort;

/// Where spans are sent, and of how many requests: `[traces]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// The collector: an address that takes OTLP over HTTP.
    pub collector: HostPort,
    /// The path that it takes them at.
    pub path: String,
    /// Of a million requests that begin a trace here, so many are recorded.
    pub per_million: u32,
    /// What the spans call this gateway.
    pub service: String,
}

impl Traces {
    /// Of a hundred requests one, unless the file says otherwise.
    pub const PER_MILLION: u32 = 10_000;
    /// The path that OTLP over HTTP has unless the endpoint names another.
    pub const PATH: &'static str = "/v1/traces";
    /// What spans call the gateway unless the file says otherwise.
    pub const SERVICE: &'static str = "tombolo";
}
