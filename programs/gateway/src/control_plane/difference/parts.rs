//! Listeners, routes, upstreams, servers and `[[tcp]]` tables, compared.

use std::fmt::Debug;

use tombolo_daemon::config::{
    Adaptive, Config, ExchangeLimits, ExchangeTimeouts, HashKey, RateLimit, Route, Server, Sticky,
    Tcp, Upstream, UpstreamLimit,
};

use super::{Difference, Field, field};
use crate::control_plane::routes;
use crate::tcp;

impl Difference {
    pub(super) fn listeners(&mut self, before: &Config, after: &Config) {
        let of = |config: &Config| -> Vec<String> {
            let http = config.gateway.listen.iter().map(|at| format!("http://{at}"));
            let tcp = config.tcp.iter().flat_map(|tcp| &tcp.listen);
            http.chain(tcp.map(|at| format!("tcp://{at}"))).collect()
        };
        let (before, after) = (of(before), of(after));
        self.kept.listeners =
            self.compare("listener", (&before, &after), Clone::clone, |_, _| Vec::new());
    }

    pub(super) fn routes(&mut self, before: &Config, after: &Config) {
        let fields = |old: &Route, new: &Route| {
            let mut fields = Vec::new();
            let upstream = |config: &Config, index: usize| {
                config.upstreams.get(index).map_or_else(String::new, |one| one.name.clone())
            };
            let upstreams = (upstream(before, old.upstream), upstream(after, new.upstream));
            field(&mut fields, "upstream", upstreams.0, upstreams.1);
            let forward_path = |route: &Route| route.forward_path.name().to_owned();
            field(&mut fields, "forward_path", forward_path(old), forward_path(new));
            field(&mut fields, "timeouts", times(&old.timeouts), times(&new.timeouts));
            field(&mut fields, "limits", limits(&old.limits), limits(&new.limits));
            let rates = |route: &Route| {
                let words = |limit: &RateLimit| {
                    let RateLimit { requests, per, burst, key, headers: _ } = limit;
                    format!("{requests} in {per:?}, {burst} at once, by {}", key.word())
                };
                let words: Vec<String> = route.rate_limits.iter().map(words).collect();
                if words.is_empty() { "none".to_owned() } else { words.join("; ") }
            };
            field(&mut fields, "rate_limit", rates(old), rates(new));
            if old.cache != new.cache {
                let cache = |route: &Route| if route.cache.is_some() { "on" } else { "off" };
                let words = match (cache(old), cache(new)) {
                    ("on", "on") => ("on".to_owned(), "on, with other rules".to_owned()),
                    (old, new) => (old.to_owned(), new.to_owned()),
                };
                field(&mut fields, "cache", words.0, words.1);
            }
            fields
        };
        let lists = (before.routes.as_slice(), after.routes.as_slice());
        self.kept.routes = self.compare("route", lists, routes::name, fields);
    }

    pub(super) fn upstreams(&mut self, before: &Config, after: &Config) {
        let lists = (before.upstreams.as_slice(), after.upstreams.as_slice());
        let name = |upstream: &Upstream| upstream.name.clone();
        self.kept.upstreams = self.compare("upstream", lists, name, of_upstream);
        for old in &before.upstreams {
            if let Some(new) = after.upstreams.iter().find(|new| new.name == old.name) {
                let first = self.changes.len();
                let name = |server: &Server| server.as_written.clone();
                let lists = (old.servers.as_slice(), new.servers.as_slice());
                let kept = self.compare("server", lists, name, |old, new| {
                    let mut fields = Vec::new();
                    let weight = |server: &Server| server.weight.to_string();
                    field(&mut fields, "weight", weight(old), weight(new));
                    fields
                });
                self.kept.servers = self.kept.servers.saturating_add(kept);
                for change in self.changes.iter_mut().skip(first) {
                    change.upstream = Some(old.name.clone());
                }
            }
        }
    }

    pub(super) fn tcp(&mut self, before: &Config, after: &Config) {
        let fields = |old: &Tcp, new: &Tcp| {
            let mut fields = Vec::new();
            let upstream = |config: &Config, tcp: &Tcp| {
                config.upstreams.get(tcp.upstream).map_or_else(String::new, |one| one.name.clone())
            };
            field(&mut fields, "upstream", upstream(before, old), upstream(after, new));
            field(&mut fields, "idle", shown(&old.idle), shown(&new.idle));
            field(&mut fields, "connect", optional(old.connect), optional(new.connect));
            field(&mut fields, "connections", optional(old.connections), optional(new.connections));
            let peers = |tcp: &Tcp| optional(tcp.proxy_protocol_in.as_ref());
            field(&mut fields, "proxy_protocol_in", peers(old), peers(new));
            let version = |tcp: &Tcp| tcp.proxy_protocol_out.map_or("none", |one| one.name());
            field(&mut fields, "proxy_protocol_out", version(old).into(), version(new).into());
            fields
        };
        let lists = (before.tcp.as_slice(), after.tcp.as_slice());
        self.kept.tcp = self.compare("tcp", lists, tcp::name, fields);
    }
}

/// What changed of an upstream but for its servers.
fn of_upstream(old: &Upstream, new: &Upstream) -> Vec<Field> {
    let mut fields = Vec::new();
    field(&mut fields, "policy", old.policy.name().into(), new.policy.name().into());
    field(&mut fields, "hash_on", hash_key(&old.hash_on), hash_key(&new.hash_on));
    let sticky = |one: &Upstream| {
        let said = |sticky: &Sticky| sticky.cookie.clone() + &sticky.attributes();
        one.sticky.as_ref().map_or_else(|| "none".to_owned(), said)
    };
    field(&mut fields, "sticky", sticky(old), sticky(new));
    field(&mut fields, "limit", limit(old), limit(new));
    field(&mut fields, "timeouts", times(&old.timeouts), times(&new.timeouts));
    field(&mut fields, "limits", limits(&old.limits), limits(&new.limits));
    let srv = |one: &Upstream| one.srv.clone().unwrap_or_else(|| "none".to_owned());
    field(&mut fields, "srv", srv(old), srv(new));
    // Whatever else there is or will be: never silent about a change.
    let Upstream {
        policy, hash_on, sticky, limit, timeouts, limits, servers, srv, service, ..
    } = new.clone();
    let said = Upstream { policy, hash_on, sticky, limit, timeouts, limits, ..old.clone() };
    let rest = Upstream { servers, srv, service, ..said };
    if rest != *new {
        field(&mut fields, "settings", "before".to_owned(), "other".to_owned());
    }
    fields
}

/// What a table of timeouts says, as it would be written, near enough.
fn times(timeouts: &ExchangeTimeouts) -> String {
    table(timeouts.said().map(|(key, time)| format!("{key} {}", shown(&time))))
}

/// What a table of limits says.
fn limits(limits: &ExchangeLimits) -> String {
    table(limits.said().map(|(key, value)| format!("{key} {value}")))
}

fn table(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<_> = entries.collect();
    if entries.is_empty() { "none".to_owned() } else { entries.join(", ") }
}

/// As it would be written, near enough.
fn limit(upstream: &Upstream) -> String {
    let Some(UpstreamLimit { in_flight, queue, wait, adaptive }) = upstream.limit else {
        return "none".to_owned();
    };
    let least = adaptive.map_or_else(String::new, |Adaptive { min }| format!("{min} to "));
    format!("{least}{in_flight}, queue {queue}, wait {wait:?}")
}

fn hash_key(key: &HashKey) -> String {
    match key {
        HashKey::Path => "path".to_owned(),
        HashKey::Header(name) => format!("header:{name}"),
        HashKey::Cookie(name) => format!("cookie:{name}"),
        HashKey::Client => "client".to_owned(),
    }
}

/// A value as it would be written, near enough to be known again.
pub(super) fn shown(value: &impl Debug) -> String {
    format!("{value:?}")
}

fn optional(value: Option<impl Debug>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| shown(&value))
}
