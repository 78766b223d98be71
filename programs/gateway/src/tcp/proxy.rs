//! A `[[tcp]]` table as the data plane uses it.

use std::sync::Arc;

use ipnet::IpNet;
use tombolo_daemon::config::{self, ProxyProtocol, Timeouts};
use tombolo_proxy_protocol::Version;

use super::tally::Tally;
use crate::data_plane::ticks;
use crate::upstream::Upstream;

/// What is done with connections to some addresses. Times are in ticks.
pub(crate) struct TcpProxy {
    /// The addresses as configured: its name where it is told of.
    pub(crate) listen: String,
    pub(crate) upstream: Arc<Upstream>,
    pub(super) idle: u64,
    pub(super) connect: u64,
    /// For a client's PROXY protocol header.
    pub(super) head: u64,
    /// For what a client still sends when its server takes no more.
    pub(super) linger: u64,
    /// The peers that may connect, each with a header. None: anybody, without.
    pub(super) proxies: Option<Vec<IpNet>>,
    /// The header that servers are sent.
    pub(super) header: Option<Version>,
    /// Most connections at the same time.
    pub(crate) connections: Option<usize>,
    /// Goes on over reloads for as long as there is a table of these addresses.
    pub(crate) tally: Arc<Tally>,
}

impl TcpProxy {
    /// None when the upstream does not exist, which a checked configuration does not allow.
    /// `known` finds the one of the same addresses that this one takes the place of.
    pub(crate) fn new<'k>(
        tcp: &config::Tcp,
        upstreams: &[Arc<Upstream>],
        times: &Timeouts,
        workers: usize,
        known: impl FnOnce(&str) -> Option<&'k Self>,
    ) -> Option<Arc<Self>> {
        let listen = name(tcp);
        let tally = known(&listen).map(|known| Arc::clone(&known.tally));
        let upstream = upstreams.get(tcp.upstream)?;
        Some(Arc::new(Self {
            listen,
            upstream: Arc::clone(upstream),
            idle: ticks(tcp.idle),
            connect: tcp.connect.map(ticks).or(upstream.connect).unwrap_or(ticks(times.connect)),
            head: ticks(times.head),
            linger: ticks(times.linger),
            proxies: tcp.proxy_protocol_in.clone(),
            header: tcp.proxy_protocol_out.map(|version| match version {
                ProxyProtocol::V1 => Version::One,
                ProxyProtocol::V2 => Version::Two,
            }),
            connections: tcp.connections,
            tally: tally.unwrap_or_else(|| Arc::new(Tally::new(workers))),
        }))
    }
}

/// What a table is called: its addresses, which no other has.
pub(crate) fn name(tcp: &config::Tcp) -> String {
    tcp.listen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
