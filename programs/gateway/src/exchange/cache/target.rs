//! Where a request goes, as the cache's key has it: what upstream is told of scheme, host and path.
//!
//! A hop that is believed tells them in X-Forwarded-Proto and X-Forwarded-Host, and upstreams
//! answer by them: one that sends `http` on to `https` must not have that answer stored for both.
//! There are other fields by which a hop tells the same, and a hop may pass on what a client has put
//! there. So whatever of them contradicts the rest of the key goes into the key too.

use tombolo_cache::key::{Scheme, Target, write_authority};
use tombolo_cache::message::Request;
use tombolo_http1::{FieldId, forwarded_parameters};

use crate::exchange::guard::Asked;

/// What a forwarding field is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Scheme,
    Host,
    /// Forwarded, of which `host` and `proto` count.
    Elements,
    Port,
    /// A path, or a part of one.
    Path,
}

/// Fields about the target, beside X-Forwarded-Proto and X-Forwarded-Host.
const FIELDS: [(&[u8], About); 16] = [
    (b"forwarded", About::Elements),
    (b"x-forwarded-port", About::Port),
    (b"x-forwarded-scheme", About::Scheme),
    (b"x-forwarded-protocol", About::Scheme),
    (b"x-forwarded-ssl", About::Scheme),
    (b"x-scheme", About::Scheme),
    (b"x-url-scheme", About::Scheme),
    (b"front-end-https", About::Scheme),
    (b"x-original-host", About::Host),
    (b"x-host", About::Host),
    (b"x-http-host-override", About::Host),
    (b"x-forwarded-prefix", About::Path),
    (b"x-forwarded-uri", About::Path),
    (b"x-original-url", About::Path),
    (b"x-original-uri", About::Path),
    (b"x-rewrite-url", About::Path),
];

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
        if let Some(about) = about(name)
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

/// What a field of this name is about, if that is the target.
fn about(name: &[u8]) -> Option<About> {
    if !matches!(name, [b'x' | b'X' | b'f' | b'F', ..]) {
        return None;
    }
    let found = FIELDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    found.map(|(_, about)| *about)
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
