//! No address may be listened on twice: by the gateway for HTTP, TCP or its administration, or by a service's replicas.

use std::net::SocketAddr;

use super::super::mistake::Kind;
use super::super::written::context::{At, Context};
use super::service::Found;

/// Tells every address of the file that is there twice. Port 0 is any free port, so never twice.
pub(super) fn check(context: &Context<'_>, gateway: &[At<SocketAddr>], services: &[Found]) {
    let replicas = services.iter().filter_map(|found| {
        // Addresses that are not written are the orchestrator's choice: it takes free ones.
        let (service, listen) = (found.service.as_ref()?, found.listen.as_ref()?);
        Some((0..service.replicas).filter_map(|index| {
            let address = service.address(index)?;
            Some(At { value: address, span: listen.span.clone() })
        }))
    });
    let mut seen: Vec<At<SocketAddr>> = Vec::new();
    for address in gateway.iter().cloned().chain(replicas.flatten()) {
        if address.value.port() == 0 {
            continue;
        }
        match seen.iter().find(|other| other.value == address.value) {
            Some(first) => context.related(
                Kind::Duplicate,
                &address.span,
                format!("{} is listened on twice", address.value),
                "choose another port for one of the two",
                Some((&first.span, "the first")),
            ),
            None => seen.push(address),
        }
    }
}
