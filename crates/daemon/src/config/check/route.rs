//! `[[route]]`, and the route there is when none is written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::cache::Said;
use super::super::host_port::is_dns_name;
use super::super::{ForwardPath, Route};
use tombolo_http1::normal;

use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::reader::Reader;
use super::super::written::wording::{list, nearest};
use super::cache;
use super::exchange;
use super::rate_limit::rate_limits;
use super::tcp::Found;
use super::upstream::Named;

/// The routes, and what each says about caching.
pub(super) fn routes(
    root: &Reader<'_>,
    upstreams: &[Named],
    tcp: &Found,
) -> (Vec<Route>, Vec<Said>) {
    if !root.has("route") {
        return (only_route(root, upstreams, tcp), Vec::new());
    }
    let mut seen: Vec<At<(Option<String>, String)>> = Vec::new();
    let (mut routes, mut said) = (Vec::new(), Vec::new());
    for reader in root.tables("route") {
        let written = reader.text("path");
        let span = written.as_ref().map_or(&reader.span, |path| &path.span).clone();
        let host = reader.text("host").and_then(|host| checked_host(&reader, host));
        let path = match written {
            Some(path) => checked_path(&reader, path),
            None => Some("/".to_owned()),
        };
        let upstream =
            reader.text("upstream").and_then(|name| answering(&reader, &name, upstreams));
        let forward_path = reader
            .word("forward_path")
            .and_then(|word| ForwardPath::ALL.into_iter().find(|form| form.name() == word.value));
        let (timeouts, limits) = (exchange::timeouts(&reader), exchange::limits(&reader));
        let rate_limits = rate_limits(&reader);
        let caching = cache::of_route(&reader, path.as_deref());
        // A host that could not be read is none that could be compared.
        let Some(path) = path.filter(|_| host.is_some() || !reader.has("host")) else { continue };
        let key = (host.clone(), path.clone());
        match seen.iter().find(|other| other.value == key) {
            Some(first) => reader.context.related(
                Kind::Duplicate,
                &span,
                format!("two routes for {} and {path:?}", host.as_deref().unwrap_or("any host")),
                "give one another host or path, or remove it",
                Some((&first.span, "the first")),
            ),
            None => seen.push(At { value: key, span }),
        }
        if let Some(upstream) = upstream {
            routes.push(Route {
                host,
                path,
                upstream,
                forward_path: forward_path.unwrap_or_default(),
                timeouts,
                limits,
                rate_limits,
                cache: None,
            });
            said.push(caching);
        }
    }
    (routes, said)
}

/// Without any `[[route]]`: every request goes to the only upstream that speaks HTTP and that no
/// `[[tcp]]` names.
fn only_route(root: &Reader<'_>, upstreams: &[Named], tcp: &Found) -> Vec<Route> {
    let free = || {
        let all = upstreams.iter().enumerate();
        all.filter(|(index, named)| named.speaks_http && !tcp.names(*index))
    };
    if free().count() > 1 && !root.context.has_gaps() && !tcp.has_gaps {
        let names = free().filter_map(|(_, named)| named.name.as_ref());
        let names = list(names.map(|name| name.value.as_str()));
        root.context.whole(
            Kind::Missing,
            "there are several upstreams and no [[route]] to choose between them",
            &format!("add a [[route]] with a path and upstream = {names}"),
        );
    }
    free().next().map(|(index, _)| Route::everything(index)).into_iter().collect()
}

/// The index of the upstream of this name, which requests can go to.
fn answering(reader: &Reader<'_>, name: &At<String>, upstreams: &[Named]) -> Option<usize> {
    let index = named(reader, name, upstreams)?;
    if upstreams.get(index).is_some_and(|named| named.speaks_http) {
        return Some(index);
    }
    let words = format!("the service {:?} does not speak HTTP", name.value);
    reader.bad(&name.span, words, "remove the route, or make it a [[tcp]] with a \"listen\"")
}

/// The index of the upstream of this name.
pub(super) fn named(reader: &Reader<'_>, name: &At<String>, upstreams: &[Named]) -> Option<usize> {
    let names = || upstreams.iter().filter_map(|named| named.name.as_ref());
    let is_it = |named: &Named| named.name.as_ref().is_some_and(|other| other.value == name.value);
    if let Some(index) = upstreams.iter().position(is_it) {
        return Some(index);
    }
    if reader.context.has_gaps() {
        // The name may be one that could not be read.
        return None;
    }
    let known = || names().map(|name| name.value.as_str());
    let hint = match nearest(&name.value, known()) {
        Some(near) => format!("did you mean {near:?}?"),
        None if upstreams.is_empty() => {
            format!("add an [[upstream]] with name = {:?}", name.value)
        }
        None => format!("there is {}", list(known())),
    };
    let words = format!("no upstream is called {}", reader.context.written(&name.span));
    reader.context.mistake(Kind::UnknownName, &name.span, words, hint);
    None
}

/// A host in the form requests are compared in.
fn checked_host(reader: &Reader<'_>, host: At<String>) -> Option<String> {
    let written = reader.context.written(&host.span);
    let mut name = Vec::with_capacity(host.value.len());
    normal::write_host(host.value.as_bytes(), &mut name);
    let name = String::from_utf8(name).unwrap_or_default();
    let name = name.as_str();
    let below = name.strip_prefix("*.").unwrap_or(name);
    let ipv6 = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(ip) = ipv6.and_then(|inner| inner.parse::<Ipv6Addr>().ok()) {
        return Some(format!("[{ip}]"));
    }
    if name.parse::<Ipv4Addr>().is_ok() || is_dns_name(below) {
        return Some(name.to_owned());
    }
    let without_port = name.rsplit_once(':').map(|(host, _)| host);
    let hint = if name == "*" {
        "leave \"host\" out for any host".to_owned()
    } else if let Ok(IpAddr::V6(ip)) = name.parse() {
        format!("write \"[{ip}]\"")
    } else if name.contains("//") {
        "write the host alone, without http:// and path".to_owned()
    } else if let Some(host) = without_port.filter(|host| is_dns_name(host)) {
        format!("write \"{host}\": the port does not matter to a route")
    } else if !name.is_ascii() {
        "write it as it goes over the wire, in its xn-- form".to_owned()
    } else {
        "write \"example.org\", or \"*.example.org\" for every name below it".to_owned()
    };
    reader.bad(&host.span, format!("{written} is no host"), hint)
}

/// A path prefix that a request's path can begin with, in the form in which paths are compared.
pub(super) fn checked_path(reader: &Reader<'_>, path: At<String>) -> Option<String> {
    let written = reader.context.written(&path.span);
    let text = path.value.as_str();
    let hint = if !text.starts_with('/') {
        format!("write \"/{}\"", text.trim_start_matches('*'))
    } else if text.ends_with('*') {
        format!("write {:?}: a path is always a prefix", text.trim_end_matches('*'))
    } else if text.contains(['?', '#']) {
        "leave the query out: routes look at the path alone".to_owned()
    } else if text.len() > 1024 {
        "write at most 1024 characters".to_owned()
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        "write other characters percent-encoded, as in \"/caf%C3%A9\"".to_owned()
    } else {
        match normal_path(text) {
            Ok(path) => return Some(path),
            Err(hint) => hint,
        }
    };
    reader.bad(&path.span, format!("{written} is no path"), hint)
}

/// The normal form of a path, or what to do about it.
fn normal_path(text: &str) -> Result<String, String> {
    let mut form = normal::NormalPath::default();
    let no_request = |error| format!("write another path: no request is taken where {error}");
    form.read(text.as_bytes()).map_err(no_request)?;
    if form.has_dots() {
        return Err("remove the segments . and ..".to_owned());
    }
    String::from_utf8(form.normal(text.as_bytes()).to_vec()).map_err(|error| error.to_string())
}
