//! Where a request goes, as the cache's key has it: what upstream is told of scheme and host.
//!
//! A hop that is believed tells them in X-Forwarded-Proto and X-Forwarded-Host, and upstreams
//! answer by them: one that sends `http` on to `https` must not have that answer stored for both.

use tombolo_cache::key::{Scheme, Target};
use tombolo_cache::message::Request;
use tombolo_http1::FieldId;

use crate::exchange::guard::Asked;

/// None: what the hop tells is no scheme we know or no host, and so cannot be in a key.
pub(super) fn of<'r>(asked: &Asked, request: &Request<'r>) -> Option<Target<'r>> {
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
    if let Some(told) = only(request, FieldId::XForwardedHost)? {
        // Anything else, as a slash, could make the key another target's.
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(byte);
        if told.is_empty() || !told.iter().all(plain) {
            return None;
        }
        target.authority = told;
    }
    Some(target)
}

/// For an answer that is stored under no such key: the target as it was sent.
pub(super) fn or_as_sent<'r>(asked: &Asked, request: &Request<'r>) -> Target<'r> {
    of(asked, request).unwrap_or_else(|| Target::of(Scheme::Http, request))
}

/// The field's one value, or that it is absent. None: there are several.
#[expect(clippy::option_option, reason = "absent and unusable are two things")]
fn only<'r>(request: &Request<'r>, id: FieldId) -> Option<Option<&'r [u8]>> {
    let mut lines = request.lines(id);
    let first = lines.next();
    lines.next().is_none().then_some(first)
}
