//! `[[tcp]]`: where connections are taken and to which upstream they go.

use std::net::SocketAddr;

use ipnet::IpNet;

use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::reader::Reader;
use super::super::{ProxyProtocol, Tcp};
use super::gateway::{listen_address, networks, whole};
use super::route::named;
use super::upstream::Named;

/// All `[[tcp]]` tables.
#[derive(Default)]
pub(super) struct Found {
    pub(super) tables: Vec<Tcp>,
    /// Where each address stands.
    pub(super) listen: Vec<At<SocketAddr>>,
    /// There are tables whose upstream is not known.
    pub(super) has_gaps: bool,
}

impl Found {
    /// Whether connections go to the upstream of this index.
    pub(super) fn names(&self, upstream: usize) -> bool {
        self.tables.iter().any(|tcp| tcp.upstream == upstream)
    }
}

pub(super) fn tables(root: &Reader<'_>, upstreams: &[Named], gateway_trusts: &[IpNet]) -> Found {
    let mut found = Found::default();
    for reader in root.tables("tcp") {
        let texts = reader.texts("listen").map(|list| list.value).unwrap_or_default();
        let listen: Vec<At<SocketAddr>> =
            texts.into_iter().filter_map(|text| listen_address(&reader, text)).collect();
        let upstream = reader.text("upstream").and_then(|name| named(&reader, &name, upstreams));
        if let Some(upstream) = upstream {
            measures_answers(&reader, upstream, upstreams);
        }
        let proxy_protocol_in = proxies(&reader, gateway_trusts);
        let connections = reader.count("connections").map(whole);
        let idle = reader.time("idle").map_or(Tcp::IDLE_DEFAULT, |time| time.value);
        let connect = reader.time("connect").map(|time| time.value);
        let proxy_protocol_out = reader.word("proxy_protocol_out").and_then(|word| {
            ProxyProtocol::ALL.into_iter().find(|version| version.name() == word.value)
        });
        match upstream {
            Some(upstream) => found.tables.push(Tcp {
                listen: listen.iter().map(|address| address.value).collect(),
                upstream,
                idle,
                connect,
                proxy_protocol_in,
                proxy_protocol_out,
                connections,
            }),
            None => found.has_gaps = true,
        }
        found.listen.extend(listen);
    }
    found
}

/// Tells that an adaptive limit goes by what connections do not have.
fn measures_answers(reader: &Reader<'_>, upstream: usize, upstreams: &[Named]) {
    let limit = upstreams.get(upstream).and_then(|named| named.upstream.as_ref()?.limit);
    if limit.is_some_and(|limit| limit.adaptive.is_some())
        && let Some(name) = reader.text("upstream")
    {
        reader.context.mistake(
            Kind::Conflict,
            &name.span,
            "the limit of this upstream is adaptive: it follows when answers begin, which a [[tcp]] cannot see",
            "remove adaptive of its limit, or give this [[tcp]] an upstream of its own",
        );
    }
}

/// The peers whose headers are believed. None: no header is expected.
fn proxies(reader: &Reader<'_>, gateway_trusts: &[IpNet]) -> Option<Vec<IpNet>> {
    let flag = reader.flag("proxy_protocol_in");
    let own = networks(reader, "trusted");
    let Some(flag) = flag.filter(|flag| flag.value) else {
        if let Some(list) = reader.texts("trusted").filter(|_| !reader.has("proxy_protocol_in")) {
            reader.context.mistake(
                Kind::Conflict,
                &list.span,
                "\"trusted\" means nothing here without \"proxy_protocol_in\"",
                "add proxy_protocol_in = true, or remove it",
            );
        }
        return None;
    };
    if reader.has("trusted") {
        return Some(own);
    }
    if gateway_trusts.is_empty() {
        nobody_trusted(reader, &flag);
    }
    Some(gateway_trusts.to_vec())
}

/// Tells that headers are expected and there is nobody to send them.
pub(super) fn nobody_trusted(reader: &Reader<'_>, flag: &At<bool>) {
    reader.context.mistake(
        Kind::Missing,
        &flag.span,
        "PROXY protocol headers are required, and no peer is trusted to send them",
        "add trusted = [\"10.0.0.0/8\"] with the addresses of the proxies in front",
    );
}
