//! What the data plane reads: routes, upstreams and limits, checked and ready, never changed once
//! published.

use std::sync::Arc;

use ipnet::IpNet;
use tombolo_cache::store::Store;
use tombolo_daemon::config::{Config, Limits};
use tombolo_http1::{BodyLimits, HeadLimits};

use super::routes::Routes;
use crate::data_plane::ticks;
use crate::tcp::TcpProxy;
use crate::upstream::Upstream;

/// The configuration in the form the request path uses.
pub(crate) struct Snapshot {
    pub(crate) routes: Routes,
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    pub(crate) tcp: Vec<Arc<TcpProxy>>,
    pub(crate) limits: Limits,
    pub(crate) head: HeadLimits,
    pub(crate) patience: Patience,
    pub(crate) trusted: Vec<IpNet>,
    /// HTTP connections begin with a PROXY protocol header.
    pub(crate) proxy_protocol: bool,
    pub(crate) served_by: bool,
    /// Where responses are stored; none: no route caches.
    pub(crate) store: Option<Store>,
    /// Servers in all: how many pools there are.
    pub(crate) pools: usize,
}

/// The timeouts of the configuration in ticks of the data plane's clock.
pub(crate) struct Patience {
    pub(crate) head: u64,
    pub(crate) idle: u64,
    pub(crate) connect: u64,
    pub(crate) first_byte: u64,
    pub(crate) body_gap: u64,
    pub(crate) tunnel_idle: u64,
    pub(crate) upstream_idle: u64,
    pub(crate) linger: u64,
}

impl Snapshot {
    /// Builds the snapshot for `workers` data-plane threads. `store` is where routes that cache do
    /// so.
    pub(crate) fn new(config: &Config, workers: usize, store: Option<Store>) -> Self {
        let mut pools = 0;
        let upstreams = config
            .upstreams
            .iter()
            .map(|upstream| Arc::new(Upstream::new(upstream, workers, &mut pools)))
            .collect::<Vec<_>>();
        let gateway = &config.gateway;
        let times = &gateway.timeouts;
        let tcp =
            config.tcp.iter().filter_map(|tcp| TcpProxy::new(tcp, &upstreams, times, workers));
        let tcp = tcp.collect();
        Self {
            routes: Routes::new(&config.routes, gateway.limits.body_bytes),
            upstreams,
            tcp,
            limits: gateway.limits,
            head: HeadLimits {
                head_bytes: gateway.limits.head_bytes,
                fields: gateway.limits.head_fields,
                target_bytes: gateway.limits.target_bytes,
            },
            patience: Patience {
                head: ticks(times.head),
                idle: ticks(times.idle),
                connect: ticks(times.connect),
                first_byte: ticks(times.first_byte),
                body_gap: ticks(times.body_gap),
                tunnel_idle: ticks(times.tunnel_idle),
                upstream_idle: ticks(times.upstream_idle),
                linger: ticks(times.linger),
            },
            trusted: gateway.trusted.clone(),
            proxy_protocol: gateway.proxy_protocol,
            served_by: gateway.served_by,
            store,
            pools,
        }
    }

    /// Limits of a body; `bytes` of 0 sets none on its size.
    pub(crate) fn body_limits(&self, bytes: u64) -> BodyLimits {
        BodyLimits {
            body_bytes: if bytes == 0 { u64::MAX } else { bytes },
            trailer_bytes: self.limits.trailer_bytes,
            ..BodyLimits::default()
        }
    }
}
