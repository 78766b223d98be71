//! Where a request goes, as the cache's key has it: what upstream is told of scheme, host and path.
//!
//! A hop that is believed tells them in X-Forwarded-Proto and X-Forwarded-Host, and upstreams
//! answer by them: one that sends `http` on to `https` must not have that answer stored for both.
//! There are other fields by which a hop tells the same, and a hop may pass on what a client has put
//! there. So whatever of them contradicts the rest of the key goes into the key too.

use tombolo_cache::key::{Scheme, Target, write_authority};
use tombolo_cache::message::Request;
use tombolo_http1::{FieldId, forwarded_parameters};

use crate::exchange::forwarding::{About, about};
use crate::exchange::guard::Asked;

/// Finds the target; what a hop tells beyond scheme and host is written into `told`. None: what the hop
/// tells is no scheme we know or no host, and so cannot be in a key.
pub(super) fn of<'r>(
    asked: &Asked,
    request: &Request<'r>,
    told: &'r mut Vec<u8>,
) -> Option<Target<'r>> {
    let mut target = Target::of(Scheme::Http, request);
    if !asked.trusted {
        return Some(target);
    }
    if let Some(told) = only(request, FieldId::XForwardedProto)? {
        target.scheme = match told {
            told if told.eq_ignore_ascii_case(b"http") => Scheme::Http,
            told if told.eq_ignore_ascii_case(b"https") => Scheme::Https,
            _ => return None,
        };
    }
    let host = target.authority;
    if let Some(told) = only(request, FieldId::XForwardedHost)? {
        // Anything else, as a slash, could make the key another target's.
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(byte);
        if told.is_empty() || !told.iter().all(plain) {
            return None;
        }
        target.authority = told;
    }
    if !is_same_host(target, host) {
        told.extend_from_slice(&authority(target.scheme, host));
    }
    for field in request.head.fields() {
        let (name, value) = (field.name.of(request.buf), field.value.of(request.buf));
        // These two are in the key already.
        let is_known = matches!(field.id, FieldId::XForwardedProto | FieldId::XForwardedHost);
        if let Some(about) = about(name).filter(|_| !is_known)
            && !agrees(target, about, value)
        {
            told.push(b' ');
            told.extend(name.iter().map(u8::to_ascii_lowercase));
            told.push(b'=');
            told.extend_from_slice(value);
        }
    }
    target.told = told;
    Some(target)
}

/// For an answer that is stored under no such key: the target as it was sent.
pub(super) fn or_as_sent<'r>(
    asked: &Asked,
    request: &Request<'r>,
    told: &'r mut Vec<u8>,
) -> Target<'r> {
    of(asked, request, told).unwrap_or_else(|| Target::of(Scheme::Http, request))
}

/// The scheme alone.
pub(super) fn scheme(asked: &Asked, request: &Request<'_>) -> Scheme {
    or_as_sent(asked, request, &mut Vec::new()).scheme
}

/// Whether a field tells nothing but what the target has.
fn agrees(target: Target<'_>, about: About, value: &[u8]) -> bool {
    let secure = target.scheme == Scheme::Https;
    let is_scheme = |told: &[u8]| {
        let words: [&[u8]; 3] =
            if secure { [b"https", b"on", b"1"] } else { [b"http", b"off", b"0"] };
        words.iter().any(|word| told.eq_ignore_ascii_case(word))
    };
    match about {
        About::Scheme => is_scheme(value),
        About::Host => is_key_host(target, value),
        About::Elements => {
            forwarded_parameters(value, b"host").all(|host| is_key_host(target, host))
                && forwarded_parameters(value, b"proto").all(is_scheme)
        }
        About::Port => {
            let own = authority(target.scheme, target.authority);
            let with_port = [host_alone(&own), b":", value].concat();
            is_same_host(target, &with_port)
        }
        About::Path => false,
        // That is about the client, not about the target.
        About::Client => true,
    }
}

/// A host in normal form without its port.
fn host_alone(authority: &[u8]) -> &[u8] {
    let end = authority.iter().rposition(|&byte| byte == b':');
    match end.and_then(|end| authority.split_at_checked(end)) {
        Some((host, port)) if port.iter().skip(1).all(u8::is_ascii_digit) => host,
        _ => authority,
    }
}

/// Whether a host is written as the key has it: it goes upstream so.
fn is_key_host(target: Target<'_>, other: &[u8]) -> bool {
    authority(target.scheme, target.authority) == other
}

fn is_same_host(target: Target<'_>, other: &[u8]) -> bool {
    let Target { scheme, authority: own, .. } = target;
    own == other || authority(scheme, own) == authority(scheme, other)
}

/// As a key has it.
fn authority(scheme: Scheme, written: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(written.len());
    write_authority(scheme, written, &mut out);
    out
}

/// The field's one value, or that it is absent. None: there are several.
#[expect(clippy::option_option, reason = "absent and unusable are two things")]
fn only<'r>(request: &Request<'r>, id: FieldId) -> Option<Option<&'r [u8]>> {
    let mut lines = request.lines(id);
    let first = lines.next();
    lines.next().is_none().then_some(first)
}
