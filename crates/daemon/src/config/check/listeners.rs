//! No address may be listened on twice: by the gateway for HTTP, TCP or its administration, or by a service's replicas.
//! An address may take others in: `0.0.0.0` each of IPv4, `[::]` each of IPv6.

use std::net::{IpAddr, SocketAddr};

use super::super::mistake::Kind;
use super::super::written::context::{At, Context};
use super::service::Found;

/// Tells every address of the file that is there twice, or lies within another. Port 0 is any free
/// port, so never twice.
pub(super) fn check(context: &Context<'_>, gateway: &[At<SocketAddr>], services: &[Found]) {
    let replicas = services.iter().filter_map(|found| {
        // Addresses that are not written are the orchestrator's choice: it takes free ones.
        let (service, listen) = (found.service.as_ref()?, found.listen.as_ref()?);
        Some((0..service.replicas).filter_map(|index| {
            let address = service.address(index)?;
            Some(At { value: address, span: listen.span.clone() })
        }))
    });
    let all: Vec<_> = gateway.iter().cloned().chain(replicas.flatten()).collect();
    let mut seen: Vec<&At<SocketAddr>> = Vec::new();
    for address in all.iter().filter(|address| address.value.port() != 0) {
        let (own, port) = (address.value.ip(), address.value.port());
        let meets = |other: &&&At<SocketAddr>| {
            let ip = other.value.ip();
            other.value.port() == port && (own == ip || takes_in(own, ip) || takes_in(ip, own))
        };
        match seen.iter().find(meets) {
            Some(first) => {
                let words = if first.value == address.value {
                    format!("{} is listened on twice", address.value)
                } else {
                    format!("{} and {} overlap", first.value, address.value)
                };
                context.related(
                    Kind::Duplicate,
                    &address.span,
                    words,
                    "choose another port for one of the two",
                    Some((&first.span, "the first")),
                );
            }
            None => seen.push(address),
        }
    }
}

/// Whether listening on `all` takes `one` as well.
fn takes_in(all: IpAddr, one: IpAddr) -> bool {
    all.is_unspecified() && all.is_ipv4() == one.is_ipv4()
}
