//! `[gateway]`, its limits and its timeouts.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use super::super::written::context::At;
use super::super::written::reader::Reader;
use super::super::{Gateway, Limits, StateFile, Timeouts};
use super::tcp::nobody_trusted;

/// `[gateway]` as meant but for the admin listener, and where each address it listens on stands.
pub(super) fn gateway(reader: &Reader<'_>) -> (Gateway, Vec<At<SocketAddr>>) {
    let default = Gateway::default();
    let listen = listen(reader);
    let trusted = networks(reader, "trusted");
    let gateway = Gateway {
        listen: match listen.as_slice() {
            [] => default.listen,
            list => list.iter().map(|address| address.value).collect(),
        },
        admin: None,
        admin_socket: reader.text("admin_socket").map(|path| path.value.into()),
        orchestrator: reader.text("orchestrator").map(|path| path.value.into()),
        state_file: match reader.text_or_false("state_file") {
            None => default.state_file,
            Some(None) => StateFile::Off,
            Some(Some(path)) => StateFile::At(path.into()),
        },
        workers: reader.count("workers").map_or(default.workers, whole),
        proxy_protocol: proxy_protocol(reader, &trusted),
        trusted,
        dns: dns(reader),
        served_by: reader.flag("served_by").map_or(default.served_by, |flag| flag.value),
        watch: reader.flag("watch").map_or(default.watch, |flag| flag.value),
        limits: reader.table("limits").map(|reader| limits(&reader)).unwrap_or_default(),
        timeouts: reader.table("timeouts").map(|reader| timeouts(&reader)).unwrap_or_default(),
    };
    (gateway, listen)
}

/// The addresses of `listen` that can be read.
fn listen(reader: &Reader<'_>) -> Vec<At<SocketAddr>> {
    let texts = reader.texts("listen").map(|list| list.value).unwrap_or_default();
    texts.into_iter().filter_map(|text| listen_address(reader, text)).collect()
}

/// An address to listen on: IP address and port.
pub(super) fn listen_address(reader: &Reader<'_>, text: At<String>) -> Option<At<SocketAddr>> {
    let written = reader.context.written(&text.span);
    let Ok(address) = text.value.parse() else {
        let hint = listen_hint(&text.value);
        return reader.bad(&text.span, format!("{written} is no address to listen on"), hint);
    };
    Some(text.map(|_| address))
}

fn listen_hint(text: &str) -> String {
    let fits = |candidate: &str| candidate.parse::<SocketAddr>().is_ok();
    let port_alone = text.trim_start_matches(':');
    let any = format!("0.0.0.0:{port_alone}");
    if fits(&any) {
        return format!("write \"{any}\" for every address, or \"127.0.0.1:{port_alone}\"");
    }
    if let Some(port) = text.strip_prefix("localhost:")
        && fits(&format!("127.0.0.1:{port}"))
    {
        return format!("write \"127.0.0.1:{port}\" or \"[::1]:{port}\"");
    }
    if let Some(port) = text.strip_prefix("*:")
        && fits(&format!("0.0.0.0:{port}"))
    {
        return format!("write \"0.0.0.0:{port}\" or \"[::]:{port}\"");
    }
    match text.parse::<IpAddr>() {
        Ok(ip) => format!("write the port too: \"{}\"", SocketAddr::new(ip, 8080)),
        Err(_) => {
            "write an IP address and a port, say \"0.0.0.0:8080\" or \"[::]:8080\"".to_owned()
        }
    }
}

/// The DNS servers that are asked.
fn dns(reader: &Reader<'_>) -> Vec<SocketAddr> {
    let list = reader.texts("dns").map(|list| list.value).unwrap_or_default();
    let address = |text: At<String>| match text.value.parse::<SocketAddr>() {
        Ok(address) if address.port() > 0 => Some(address),
        _ => {
            let words = format!("{} is no DNS server", reader.context.written(&text.span));
            reader.bad(&text.span, words, "write an IP address and a port, say \"10.0.0.2:53\"")
        }
    };
    list.into_iter().filter_map(address).collect()
}

/// Whether PROXY protocol headers are expected, which somebody must be trusted to send.
fn proxy_protocol(reader: &Reader<'_>, trusted: &[IpNet]) -> bool {
    let Some(flag) = reader.flag("proxy_protocol").filter(|flag| flag.value) else { return false };
    let is_wrong = reader.texts("trusted").is_some_and(|list| !list.value.is_empty());
    if trusted.is_empty() && !is_wrong {
        nobody_trusted(reader, &flag);
    }
    true
}

/// The networks of a list that can be read.
pub(super) fn networks(reader: &Reader<'_>, key: &str) -> Vec<IpNet> {
    let texts = reader.texts(key).map(|list| list.value).unwrap_or_default();
    texts.into_iter().filter_map(|text| network(reader, &text)).collect()
}

/// A network, or an address as the network of itself alone.
fn network(reader: &Reader<'_>, text: &At<String>) -> Option<IpNet> {
    let written = reader.context.written(&text.span);
    if let Ok(ip) = text.value.parse::<IpAddr>() {
        return Some(IpNet::from(ip));
    }
    let Ok(network) = text.value.parse::<IpNet>() else {
        let words = format!("{written} is neither an IP address nor a network");
        return reader.bad(&text.span, words, "write \"192.0.2.7\" or \"10.0.0.0/8\"");
    };
    if network.trunc() == network {
        return Some(network);
    }
    // Trust is no place to guess what was meant.
    let words = format!("{written} is an address and a network at once");
    let hint = format!("write \"{}\" or \"{}\"", network.trunc(), network.addr());
    reader.bad(&text.span, words, hint)
}

fn limits(reader: &Reader<'_>) -> Limits {
    let default = Limits::DEFAULT;
    let size = |name, otherwise| reader.size(name).map_or(otherwise, whole);
    let count = |name, otherwise| reader.count(name).map_or(otherwise, whole);
    Limits {
        head_bytes: size("head_bytes", default.head_bytes),
        head_fields: count("head_fields", default.head_fields),
        target_bytes: size("target_bytes", default.target_bytes),
        body_bytes: reader.size("body_bytes").map_or(default.body_bytes, |bytes| bytes.value),
        trailer_bytes: size("trailer_bytes", default.trailer_bytes),
        connections: count("connections", default.connections),
        connections_per_client: count("connections_per_client", default.connections_per_client),
        half_heads: size("half_heads", default.half_heads),
        upstream_idle: count("upstream_idle", default.upstream_idle),
        interim_responses: count("interim_responses", default.interim_responses),
        attempts: count("attempts", default.attempts),
        client_rate: reader.size("client_rate").map_or(default.client_rate, |bytes| bytes.value),
        recent_requests: count("recent_requests", default.recent_requests),
    }
}

/// A number within its key's bounds, which all fit.
pub(super) fn whole(number: At<u64>) -> usize {
    usize::try_from(number.value).unwrap_or(usize::MAX)
}

fn timeouts(reader: &Reader<'_>) -> Timeouts {
    let default = Timeouts::DEFAULT;
    let time = |name, otherwise: Duration| reader.time(name).map_or(otherwise, |time| time.value);
    Timeouts {
        head: time("head", default.head),
        idle: time("idle", default.idle),
        connect: time("connect", default.connect),
        first_byte: time("first_byte", default.first_byte),
        body_gap: time("body_gap", default.body_gap),
        client_stall: time("client_stall", default.client_stall),
        tunnel_idle: time("tunnel_idle", default.tunnel_idle),
        upstream_idle: time("upstream_idle", default.upstream_idle),
        linger: time("linger", default.linger),
        drain_delay: time("drain_delay", default.drain_delay),
        drain: time("drain", default.drain),
    }
}
