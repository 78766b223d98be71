//! The Upgrade field of a request (RFC 9110 section 7.8).

use crate::connection::options;
use crate::framing::is_token;
use crate::section::Section;
use crate::{FieldId, Span};

/// Protocols offered by the one Upgrade field, if all are well-formed and none is `h2c`:
/// HTTP/2 by Upgrade was withdrawn (RFC 9113 section 3.1), and a backend that still speaks it
/// would carry requests we never see.
#[inline]
pub(crate) fn offered(section: &Section, head: &[u8]) -> Option<Span> {
    let value = section.value(FieldId::Upgrade)?;
    let alone = section.fields.iter().filter(|field| field.id == FieldId::Upgrade).count() == 1;
    let mut protocols = options(value.of(head)).peekable();
    (alone && protocols.peek().is_some() && protocols.all(is_acceptable)).then_some(value)
}

/// `name` or `name/version`, and not HTTP/2.
fn is_acceptable(protocol: &[u8]) -> bool {
    let mut parts = protocol.splitn(2, |&b| b == b'/');
    let name = parts.next().unwrap_or_default();
    is_token(name)
        && parts.next().is_none_or(is_token)
        && !["h2c", "h2", "http"].iter().any(|http| name.eq_ignore_ascii_case(http.as_bytes()))
}
