//! `[[upstream]]`, and the upstreams that services are by themselves.

use tombolo_services::Descriptor;

use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::reader::{Entry, Reader};
use super::super::{
    ExchangeLimits, HashKey, HealthCheck, Policy, SameSite, Server, ServerAddress, Sticky, Upstream,
};
use super::exchange;
use super::health;
use super::limit::limit;
use super::service::Found;

/// An upstream of the file: its name, and what could be read of it. When one is not `Some`,
/// a mistake was noted.
pub(super) struct Named {
    pub(super) name: Option<At<String>>,
    pub(super) upstream: Option<Upstream>,
    /// Its servers are asked by HTTP, so routes can lead to it.
    pub(super) speaks_http: bool,
}

/// The upstreams as written, then one for each service that no upstream speaks for.
pub(super) fn upstreams(root: &Reader<'_>, services: &[Found]) -> Vec<Named> {
    let mut list: Vec<Named> = Vec::new();
    for reader in root.tables("upstream") {
        let named = upstream(&reader, services);
        if let Some(name) = &named.name {
            let twin = list.iter().filter_map(|other| other.name.as_ref());
            if let Some(first) = twin.into_iter().find(|other| other.value == name.value) {
                reader.context.related(
                    Kind::Duplicate,
                    &name.span,
                    format!("two upstreams are called {:?}", name.value),
                    "rename one of them",
                    Some((&first.span, "the first")),
                );
            }
        }
        list.push(named);
    }
    for (index, found) in services.iter().enumerate() {
        let Some(service) = &found.service else { continue };
        let name = service.kind.name;
        let spoken_for = |named: &Named| named.name.as_ref().is_some_and(|at| at.value == name);
        if list.iter().any(spoken_for) {
            continue;
        }
        let mut upstream = Upstream::new(name, replicas(found));
        upstream.service = Some(index);
        upstream.health = Some(HealthCheck::of_service(service.kind));
        upstream.limits = ExchangeLimits::of_service(service.kind);
        let name = At { value: name.to_owned(), span: found.span.clone() };
        let speaks_http = service.kind.speaks_http();
        list.push(Named { name: Some(name), upstream: Some(upstream), speaks_http });
    }
    list
}

fn upstream(reader: &Reader<'_>, services: &[Found]) -> Named {
    let name = reader.text("name").and_then(|name| checked_name(reader, name));
    if name.is_none() {
        reader.context.gap();
    }
    let policy = policy(reader);
    let hash_on = hash_on(reader, policy);
    let policy = policy.unwrap_or_default();
    let sticky = reader.table("sticky").and_then(|reader| sticky(&reader));
    let service = name.as_ref().and_then(|name| {
        let position = |found: &Found| {
            found.service.as_ref().is_some_and(|service| service.kind.name == name.value)
        };
        services.iter().position(position)
    });
    let srv = srv(reader);
    let servers = match service.and_then(|index| services.get(index)) {
        Some(found) => of_service(reader, found),
        None if srv.is_some() => Vec::new(),
        None => servers(reader),
    };
    let kind = service.and_then(|index| Some(services.get(index)?.service.as_ref()?.kind));
    let of_service = || kind.map(HealthCheck::of_service);
    let checks = if reader.has("health") { health::checks(reader) } else { of_service() };
    let (ejection, retry_budget) = (health::ejection(reader), health::retry_budget(reader));
    let (timeouts, limits) = (exchange::timeouts(reader), exchange::limits(reader));
    let limits = limits.or(kind.map(ExchangeLimits::of_service).unwrap_or_default());
    let slow_start = reader.time("slow_start").map_or(Upstream::SLOW_START, |time| time.value);
    let upstream = name.as_ref().map(|name| Upstream {
        name: name.value.clone(),
        policy,
        hash_on,
        sticky,
        health: checks,
        ejection,
        limit: limit(reader),
        slow_start,
        retry_budget,
        retry_on: health::retry_on(reader),
        timeouts,
        limits,
        servers,
        srv: srv.flatten(),
        service,
    });
    Named { name, upstream, speaks_http: kind.is_none_or(Descriptor::speaks_http) }
}

fn checked_name(reader: &Reader<'_>, name: At<String>) -> Option<At<String>> {
    let ok = name.value.len() <= 64
        && name.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if ok {
        return Some(name);
    }
    let words = format!("{} is no name for an upstream", reader.context.written(&name.span));
    reader.bad(&name.span, words, "use letters, digits, -, _ and ., at most 64 of them")
}

/// The policy; None when it could not be read, which was noted.
fn policy(reader: &Reader<'_>) -> Option<Policy> {
    if !reader.has("policy") {
        return Some(Policy::default());
    }
    reader.word("policy")?.value.parse().ok()
}

fn hash_on(reader: &Reader<'_>, policy: Option<Policy>) -> HashKey {
    let Some(text) = reader.text("hash_on") else { return HashKey::default() };
    if let Some(policy) = policy.filter(|policy| *policy != Policy::Hash) {
        reader.context.mistake(
            Kind::Conflict,
            &text.span,
            format!("\"hash_on\" means nothing with the policy {:?}", policy.name()),
            "add policy = \"hash\", or remove hash_on",
        );
    }
    let key = match text.value.split_once(':') {
        None if text.value == "path" => Some(HashKey::Path),
        None if text.value == "client" => Some(HashKey::Client),
        Some(("header", name)) if is_token(name) => {
            Some(HashKey::Header(name.to_ascii_lowercase()))
        }
        Some(("cookie", name)) if is_token(name) => Some(HashKey::Cookie(name.to_owned())),
        _ => {
            let words = format!("{} is nothing to hash on", reader.context.written(&text.span));
            reader.bad(&text.span, words, "write path, client, header:NAME or cookie:NAME")
        }
    };
    key.unwrap_or_default()
}

fn sticky(reader: &Reader<'_>) -> Option<Sticky> {
    let max_age = reader.time("max_age").map(|time| time.value);
    let path = reader.text("path").and_then(|path| cookie_path(reader, path));
    let same_site = reader
        .word("same_site")
        .and_then(|word| SameSite::ALL.into_iter().find(|one| one.name() == word.value));
    let flag = |name, otherwise| reader.flag(name).map_or(otherwise, |flag| flag.value);
    let (secure, http_only) = (flag("secure", false), flag("http_only", true));
    if same_site == Some(SameSite::None) && !secure {
        reader.context.mistake(
            Kind::Conflict,
            &reader.span,
            "browsers take a cookie with same_site = \"none\" only if it is secure",
            "add secure = true, or write same_site = \"lax\"",
        );
    }
    let cookie = reader.text("cookie")?;
    if is_token(&cookie.value) {
        let Sticky { cookie, path: root, same_site: usual, .. } = Sticky::new(cookie.value);
        let (path, same_site) = (path.unwrap_or(root), same_site.unwrap_or(usual));
        return Some(Sticky { cookie, path, same_site, secure, http_only, max_age });
    }
    let words = format!("{} is no name for a cookie", reader.context.written(&cookie.span));
    reader.bad(&cookie.span, words, "use letters, digits, - and _")
}

/// A path that a cookie can be for (RFC 6265 section 4.1.1).
fn cookie_path(reader: &Reader<'_>, path: At<String>) -> Option<String> {
    let text = path.value.as_str();
    let is_sent = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    if text.starts_with('/') && text.len() <= 1024 && text.bytes().all(is_sent) {
        return Some(path.value);
    }
    let words = format!("{} is no path for a cookie", reader.context.written(&path.span));
    reader.bad(&path.span, words, "write \"/\" for the whole site, or \"/app\"")
}

/// A token (RFC 9110 section 5.6.2), which header names and cookie names are; at most 64 bytes.
pub(super) fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The replicas of a service as servers, at the addresses they have unless taken.
fn replicas(found: &Found) -> Vec<Server> {
    let Some(service) = &found.service else { return Vec::new() };
    let addresses = (0..service.replicas).filter_map(|index| service.address(index));
    addresses.map(|address| Server::new(address.into())).collect()
}

/// The servers of an upstream that has a service's name.
fn of_service(reader: &Reader<'_>, found: &Found) -> Vec<Server> {
    if let Some(list) = reader.entries("servers") {
        reader.context.related(
            Kind::Conflict,
            &list.span,
            "this upstream has the name of a service, whose replicas are its servers",
            "remove \"servers\", or rename the upstream",
            Some((&found.span, "the service")),
        );
    }
    replicas(found)
}

/// The name of a service; none if there is none, or none within if it cannot be meant.
fn srv(reader: &Reader<'_>) -> Option<Option<String>> {
    let name = reader.text("srv")?;
    if let Some(list) = reader.entries("servers") {
        reader.context.related(
            Kind::Conflict,
            &name.span,
            "\"srv\" and \"servers\" both say who the servers are",
            "remove one of them",
            Some((&list.span, "the servers")),
        );
    }
    let labels = name.value.trim_end_matches('.').split('.');
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if name.value.len() <= 253 && labels.clone().count() >= 2 && labels.clone().all(is_label) {
        return Some(Some(name.value.to_ascii_lowercase()));
    }
    let words = format!("{} is no name of SRV records", reader.context.written(&name.span));
    let hint = "write the service, the protocol and the domain, say \"_http._tcp.app.internal\"";
    Some(reader.bad(&name.span, words, hint))
}

fn servers(reader: &Reader<'_>) -> Vec<Server> {
    if !reader.has("servers") {
        if !reader.context.is_broken(&reader.span) {
            reader.context.mistake(
                Kind::Missing,
                &reader.span,
                "this upstream has no servers",
                "add servers = [\"127.0.0.1:9001\"]",
            );
        }
        return Vec::new();
    }
    let entries = reader.entries("servers").map(|list| list.value).unwrap_or_default();
    let mut seen: Vec<At<ServerAddress>> = Vec::new();
    let mut servers = Vec::new();
    for entry in entries {
        let (address, weight) = match entry {
            Entry::Short(address) => (Some(address), 1),
            Entry::Long(inner) => {
                let weight = inner.count("weight").and_then(|at| u32::try_from(at.value).ok());
                (inner.text("address"), weight.unwrap_or(1))
            }
        };
        let Some(written) = address else { continue };
        let Some(address) = server_address(reader, &written) else { continue };
        match seen.iter().find(|other| other.value == address.value) {
            Some(first) => reader.context.related(
                Kind::Duplicate,
                &address.span,
                format!("the server {} is there twice", address.value),
                "remove one; { address = ..., weight = 2 } gives it twice the requests",
                Some((&first.span, "the first")),
            ),
            None => seen.push(address.clone()),
        }
        servers.push(Server { address: address.value, weight, as_written: written.value });
    }
    servers
}

fn server_address(reader: &Reader<'_>, text: &At<String>) -> Option<At<ServerAddress>> {
    match text.value.parse::<ServerAddress>() {
        Ok(address) => Some(At { value: address, span: text.span.clone() }),
        Err(error) => {
            let words = format!("{}: {error}", reader.context.written(&text.span));
            reader.bad(&text.span, words, error.hint(&text.value))
        }
    }
}
