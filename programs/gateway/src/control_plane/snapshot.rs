//! What the data plane reads: routes, upstreams and limits, checked and ready, never changed once
//! published.

use std::sync::Arc;

use ipnet::IpNet;
use tombolo_cache::store::Store;
use tombolo_daemon::config::{self, Config, Limits, Timeouts};
use tombolo_http1::HeadLimits;

use super::names::Answers;
use super::routes::Routes;
use crate::data_plane::{Door, Speaks, ticks};
use crate::recent::Names;
use crate::tcp::TcpProxy;
use crate::upstream::{Makings, Numbers, Server, Upstream};

/// The configuration in the form the request path uses, and as it was meant.
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
    /// Every listener, and what is spoken there.
    pub(crate) doors: Vec<(Door, Speaks)>,
    /// Cookies that are for one upstream alone, each with its name.
    private_cookies: Vec<(&'static str, &'static str)>,
    /// Of a million requests that begin a trace, so many are recorded; none: the gateway takes no
    /// part in traces.
    pub(crate) traced_per_million: Option<u32>,
    /// What routes and servers are called, for who asks later.
    pub(crate) names: Arc<Names>,
    /// What all of it was made of.
    pub(crate) config: Config,
    /// What names stood for then.
    pub(super) answers: Answers,
    /// Threads of the data plane.
    workers: usize,
    numbers: Arc<Numbers>,
}

/// The timeouts that hold for any connection, whatever its route, in ticks of the data plane's clock.
pub(crate) struct Patience {
    pub(crate) head: u64,
    pub(crate) idle: u64,
    pub(crate) body_gap: u64,
    pub(crate) upstream_idle: u64,
    pub(crate) linger: u64,
}

impl Snapshot {
    /// Builds the first snapshot for `workers` data-plane threads. `store` is where routes that
    /// cache do so, `answers` what names stand for.
    pub(crate) fn new(
        config: Config,
        answers: Answers,
        workers: usize,
        store: Option<Store>,
    ) -> Self {
        Self::build(config, answers, workers, store, None)
    }

    /// Builds the snapshot that takes the place of this one. Upstreams, servers, routes and
    /// `[[tcp]]` tables that it has too are the same ones, with their connections and counts.
    pub(crate) fn succeeded(&self, config: Config, answers: Answers, store: Option<Store>) -> Self {
        Self::build(config, answers, self.workers, store, Some(self))
    }

    fn build(
        config: Config,
        answers: Answers,
        workers: usize,
        store: Option<Store>,
        previous: Option<&Self>,
    ) -> Self {
        let numbers = previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.numbers));
        let makings = Makings { workers, numbers: &numbers };
        let upstreams: Vec<Arc<Upstream>> = config
            .upstreams
            .iter()
            .map(|one| upstream(one, &answers, &makings, previous))
            .collect();
        let gateway = &config.gateway;
        let limits = gateway.limits;
        let tcp = config.tcp.iter().filter_map(|tcp| {
            TcpProxy::new(tcp, &upstreams, &gateway.timeouts, workers, |listen| {
                Some(&**previous?.tcp.iter().find(|known| known.listen == listen)?)
            })
        });
        let tcp = tcp.collect();
        let known = previous.map(|previous| &previous.routes);
        Self {
            routes: Routes::new(&config, workers, known),
            tcp,
            limits,
            head: HeadLimits {
                head_bytes: limits.head_bytes,
                fields: limits.head_fields,
                target_bytes: limits.target_bytes,
            },
            patience: Patience::new(&gateway.timeouts),
            trusted: gateway.trusted.clone(),
            proxy_protocol: gateway.proxy_protocol,
            served_by: gateway.served_by,
            store,
            doors: doors(&config),
            traced_per_million: config.traces.as_ref().map(|traces| traces.per_million),
            names: Arc::new(Names::new(&config, &upstreams)),
            private_cookies: config.private_cookies(),
            upstreams,
            config,
            answers,
            workers,
            numbers,
        }
    }

    /// Whether a cookie is another upstream's alone.
    pub(crate) fn hides(&self, cookie: &[u8], upstream: &str) -> bool {
        let is_it = |(name, _): &&(&str, &str)| name.as_bytes() == cookie;
        self.private_cookies.iter().find(is_it).is_some_and(|(_, of)| *of != upstream)
    }

    /// What is spoken on the connections of a listener.
    pub(crate) fn speaks(&self, door: Door) -> Speaks {
        // The common case needs no search.
        if self.tcp.is_empty() {
            return Speaks::Http;
        }
        let found = self.doors.iter().find(|(known, _)| *known == door);
        found.map_or(Speaks::Http, |(_, speaks)| *speaks)
    }

    /// Every server of every upstream.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Arc<Server>> {
        self.upstreams.iter().flat_map(|upstream| &upstream.servers)
    }
}

/// Every address that clients connect to, and what is spoken there.
pub(super) fn doors(config: &Config) -> Vec<(Door, Speaks)> {
    let http = config.gateway.listen.iter().map(|address| (Speaks::Http, *address));
    let tables = config.tcp.iter().enumerate();
    let tcp =
        tables.flat_map(|(index, tcp)| tcp.listen.iter().map(move |at| (Speaks::Tcp(index), *at)));
    let mut doors: Vec<(Door, Speaks)> = Vec::new();
    for (speaks, asked) in http.chain(tcp) {
        let turn = doors.iter().filter(|(door, _)| door.asked == asked).count();
        doors.push((Door { asked, turn }, speaks));
    }
    doors
}

/// The upstream of these settings: that of `previous` if nothing of it has changed.
fn upstream(
    settings: &config::Upstream,
    answers: &Answers,
    makings: &Makings<'_>,
    previous: Option<&Snapshot>,
) -> Arc<Upstream> {
    let known = previous.and_then(|previous| {
        let index = previous.config.upstreams.iter().position(|one| one.name == settings.name)?;
        Some((previous.config.upstreams.get(index)?, previous.upstreams.get(index)?))
    });
    let targets = answers.targets(settings);
    match known {
        Some((before, upstream)) if before == settings && upstream.targets == targets => {
            Arc::clone(upstream)
        }
        known => {
            let before = known.map(|(_, upstream)| &**upstream);
            Arc::new(Upstream::new(settings, targets, makings, before))
        }
    }
}

impl Patience {
    fn new(times: &Timeouts) -> Self {
        Self {
            head: ticks(times.head),
            idle: ticks(times.idle),
            body_gap: ticks(times.body_gap),
            upstream_idle: ticks(times.upstream_idle),
            linger: ticks(times.linger),
        }
    }
}
