//! `[[service]]`.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use tombolo_services::{Argument, Descriptor, PAYMENTS_SANDBOX, REPLICAS, named};

use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::reader::Reader;
use super::super::{Payments, Service};
use super::gateway::{listen_address, whole};

/// A service of the file: its place, and what could be read of it.
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) listen: Option<At<SocketAddr>>,
    pub(super) service: Option<Service>,
}

pub(super) fn services(root: &Reader<'_>) -> Vec<Found> {
    let mut services: Vec<Found> = Vec::new();
    for reader in root.tables("service") {
        let found = service(&reader);
        let name = |found: &Found| found.service.as_ref().map(|service| service.kind.name);
        let first =
            services.iter().find(|other| name(other).is_some() && name(other) == name(&found));
        if let (Some(first), Some(kind)) = (first, name(&found)) {
            reader.context.related(
                Kind::Duplicate,
                &found.span,
                format!("the service {kind:?} is there twice"),
                "keep one and raise its replicas",
                Some((&first.span, "the first")),
            );
        }
        services.push(found);
    }
    services.extend(sandbox(&services));
    services
}

/// The payments sandbox that the library asks for, unless it is there by itself.
fn sandbox(services: &[Found]) -> Option<Found> {
    let mut all = services.iter().filter_map(|found| Some((found, found.service.as_ref()?)));
    if all.clone().any(|(_, service)| *service.kind == PAYMENTS_SANDBOX) {
        return None;
    }
    let (asking, _) = all.find(|(_, service)| service.payments == Some(Payments::Sandbox))?;
    let service = Some(Service::new(&PAYMENTS_SANDBOX));
    Some(Found { span: asking.span.clone(), listen: None, service })
}

fn service(reader: &Reader<'_>) -> Found {
    let name = reader.word("name");
    let kind = name.as_ref().and_then(|word| named(word.value));
    if kind.is_none() {
        reader.context.gap();
    }
    let default = kind.map_or(REPLICAS, |kind| kind.replicas);
    let replicas = reader.count("replicas").map_or(default, whole);
    let listen = reader.text("listen").and_then(|text| listen_address(reader, text));
    let root = reader.text("root").and_then(|path| folder(reader, path, kind));
    let payments = reader.text("payments").and_then(|text| payments(reader, text, kind));
    let service = kind.map(|kind| Service {
        kind,
        payments,
        replicas,
        listen: listen.as_ref().map(|address| address.value),
        root,
        memory: reader.size("memory").map(|size| size.value),
        open_files: reader.count("open_files").map(|count| count.value),
    });
    if let Some(address) = &listen {
        check_ports(reader, address, replicas);
    }
    Found { span: name.map_or(reader.span.clone(), |name| name.span), listen, service }
}

/// The folder to serve, which not every service has.
fn folder(
    reader: &Reader<'_>,
    path: At<String>,
    kind: Option<&'static Descriptor>,
) -> Option<PathBuf> {
    let other = kind.filter(|kind| !kind.takes(Argument::Root));
    let Some(other) = other else { return Some(path.value.into()) };
    let words = format!("\"root\" means nothing to the service {:?}", other.name);
    reader.bad(&path.span, words, "remove it; only the site serves a folder")
}

/// By whom its users pay, which only the library asks.
fn payments(
    reader: &Reader<'_>,
    text: At<String>,
    kind: Option<&'static Descriptor>,
) -> Option<Payments> {
    if let Some(other) = kind.filter(|kind| !kind.takes(Argument::Payments)) {
        let words = format!("\"payments\" means nothing to the service {:?}", other.name);
        return reader.bad(&text.span, words, "remove it; only the library takes payments");
    }
    Some(match text.value.as_str() {
        Payments::SANDBOX => Payments::Sandbox,
        path => Payments::File(path.into()),
    })
}

/// The replicas take the ports from the first on: there must be enough.
fn check_ports(reader: &Reader<'_>, address: &At<SocketAddr>, replicas: usize) {
    let first = usize::from(address.value.port());
    if first == 0 {
        reader.context.mistake(
            Kind::OutOfRange,
            &address.span,
            "replicas need ports that are known beforehand",
            "write a port from 1 on, or leave \"listen\" out",
        );
    } else if first + replicas - 1 > usize::from(u16::MAX) {
        reader.context.mistake(
            Kind::OutOfRange,
            &address.span,
            format!("{replicas} replicas from port {first} on go beyond port 65535"),
            format!("begin at {} or lower", usize::from(u16::MAX) + 1 - replicas),
        );
    }
}
