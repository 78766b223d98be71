//! The fields by which a proxy tells the next hop of the client before it: which they are, whose are
//! believed, and what the gateway says in them.
//!
//! Applications build links from them, choose what they answer by them and write them into their logs.
//! So they are a trusted hop's, or the gateway's own; what a stranger sends in them goes nowhere.

mod names;

use std::io::Write as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use tombolo_http1::{FieldId, RequestHead, is_forwarded, write};

use super::Scene;
use super::guard::Asked;
use crate::rate_limit::client_address;
pub(super) use names::{About, about};

/// Whether a field is one that proxies tell of the client in.
#[inline]
pub(super) fn is_forwarding(id: FieldId, name: &[u8]) -> bool {
    match id {
        FieldId::XForwardedFor
        | FieldId::XForwardedProto
        | FieldId::XForwardedHost
        | FieldId::XForwardedPort
        | FieldId::XRealIp
        | FieldId::Forwarded => true,
        FieldId::Other => names::about(name).is_some(),
        _ => false,
    }
}

/// Tells once that somebody's forwarding fields were replaced: a proxy in front may have been
/// forgotten in `trusted`.
#[cold]
pub(super) fn hint(client: IpAddr) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        tracing::info!(
            %client,
            "X-Forwarded-*, Forwarded, X-Real-IP and the like of this client were replaced, since it is not in \
             `trusted`; if it is a proxy of yours, add its address to `trusted` in [gateway] (said \
             once)"
        );
    }
}

/// Writes what the gateway says of the client. `host`: the Host that is sent.
pub(super) fn add(
    onward: &mut Vec<u8>,
    scene: &Scene<'_>,
    asked: &Asked,
    (request, head): (&RequestHead, &[u8]),
    host: &[u8],
) {
    let peer = scene.connection.client.ip();
    onward.extend_from_slice(b"X-Forwarded-For: ");
    write_chain(onward, asked, (request, head), FieldId::XForwardedFor);
    write_address(onward, peer);
    onward.extend_from_slice(b"\r\nForwarded: ");
    let lines = || request.fields().iter().filter(|field| field.id == FieldId::Forwarded);
    if lines().all(|field| is_forwarded(field.value.of(head))) {
        write_chain(onward, asked, (request, head), FieldId::Forwarded);
    }
    write_element(onward, peer, host);
    onward.extend_from_slice(b"\r\n");
    let said = |id| asked.trusted && request.field(id).is_some();
    if !said(FieldId::XForwardedProto) {
        write::field(onward, b"X-Forwarded-Proto", b"http");
    }
    if !said(FieldId::XForwardedHost) {
        write::field(onward, b"X-Forwarded-Host", host);
    }
    if !said(FieldId::XRealIp) {
        onward.extend_from_slice(b"X-Real-IP: ");
        write_address(onward, client_address(request, head, peer, &scene.snapshot.trusted));
        onward.extend_from_slice(b"\r\n");
    }
}

/// What a trusted hop sent in a field that is a list, and a comma.
pub(super) fn write_chain(
    out: &mut Vec<u8>,
    asked: &Asked,
    (request, head): (&RequestHead, &[u8]),
    id: FieldId,
) {
    if !asked.trusted {
        return;
    }
    for field in request.fields().iter().filter(|field| field.id == id) {
        let value = field.value.of(head);
        if !value.is_empty() {
            out.extend_from_slice(value);
            out.extend_from_slice(b", ");
        }
    }
}

/// Our own element of Forwarded (RFC 7239 section 4).
fn write_element(out: &mut Vec<u8>, peer: IpAddr, host: &[u8]) {
    out.extend_from_slice(b"for=");
    if peer.is_ipv6() {
        out.extend_from_slice(b"\"[");
        write_address(out, peer);
        out.extend_from_slice(b"]\"");
    } else {
        write_address(out, peer);
    }
    out.extend_from_slice(b";host=\"");
    for byte in host {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.extend_from_slice(b"\";proto=http");
}

/// An IP address in its usual form.
pub(super) fn write_address(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            for (index, octet) in [a, b, c, d].into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                write::number(out, u64::from(octet));
            }
        }
        // Writing to a Vec cannot fail.
        IpAddr::V6(ip) => drop(write!(out, "{ip}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_is_known_by_its_names() {
        for name in [
            "Forwarded",
            "X-Forwarded",
            "X-Forwarded-For",
            "x-forwarded-HOST",
            "X-Forwarded-Port",
            "X-Forwarded-Prefix",
            "X-Forwarded-Server",
            "X-Forwarded-Ssl",
            "X-Forwarded-User",
            "X-Real-IP",
            "True-Client-IP",
            "X-Original-URL",
        ] {
            assert!(is_forwarding(FieldId::of_name(name.as_bytes()), name.as_bytes()), "{name}");
        }
        for name in ["Host", "X-Forward", "Via", "X-Request-Id", "Accept", "X-Requested-With"] {
            assert!(!is_forwarding(FieldId::of_name(name.as_bytes()), name.as_bytes()), "{name}");
        }
    }
}
