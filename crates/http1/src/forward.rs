//! Which fields of a message are passed on (RFC 9110 section 7.6.1).

use crate::connection::options;
use crate::section::Section;
use crate::{Field, FieldId, FieldSet};

/// Fields that concern one connection only, or that the gateway writes itself from what it
/// understood. Never passed on.
pub const HOP_BY_HOP: FieldSet = FieldSet::of(&[
    FieldId::Connection,
    FieldId::KeepAlive,
    FieldId::ProxyConnection,
    FieldId::ProxyAuthenticate,
    FieldId::ProxyAuthorization,
    FieldId::Te,
    FieldId::TransferEncoding,
    FieldId::Upgrade,
    FieldId::Http2Settings,
    FieldId::ContentLength,
    FieldId::Folded,
]);

/// Fields a `Connection` option cannot take away: a sender could otherwise make the gateway drop
/// what a backend relies on for framing, access or caching. All other names that begin with
/// `Content-` or `X-Forwarded-` cannot be taken away either.
pub const PROTECTED: FieldSet = FieldSet::of(&[
    FieldId::Host,
    FieldId::Authorization,
    FieldId::Cookie,
    FieldId::SetCookie,
    FieldId::ContentType,
    FieldId::ContentEncoding,
    FieldId::ContentRange,
    FieldId::ContentLocation,
    FieldId::ContentDisposition,
    FieldId::XForwardedFor,
    FieldId::XForwardedProto,
    FieldId::XForwardedHost,
    FieldId::XForwardedPort,
    FieldId::XRealIp,
    FieldId::Forwarded,
    FieldId::Via,
    FieldId::XRequestId,
    FieldId::XServedBy,
    FieldId::CacheControl,
    FieldId::CdnCacheControl,
    FieldId::CacheStatus,
    FieldId::Pragma,
    FieldId::Vary,
    FieldId::Expires,
    FieldId::Age,
    FieldId::Date,
    FieldId::Etag,
    FieldId::LastModified,
    FieldId::Range,
    FieldId::IfMatch,
    FieldId::IfNoneMatch,
    FieldId::IfModifiedSince,
    FieldId::IfUnmodifiedSince,
    FieldId::IfRange,
    FieldId::Expect,
    FieldId::MaxForwards,
    FieldId::Location,
    FieldId::Origin,
    FieldId::WwwAuthenticate,
]);

/// What a request loses beside the hop-by-hop fields: Host, because the gateway writes the one
/// that counts, and `Proxy`, which CGI-style backends take for a proxy setting of their own.
pub(crate) const REQUEST_ONLY: FieldSet = FieldSet::of(&[FieldId::Host, FieldId::Proxy]);

/// Iterator over the fields to pass on, in order.
pub(crate) struct Forwardable<'h> {
    fields: std::slice::Iter<'h, Field>,
    /// Whole section, if it nominates names we would otherwise pass on.
    nominating: Option<&'h Section>,
    buf: &'h [u8],
    dropped: FieldSet,
}

impl<'h> Forwardable<'h> {
    #[inline]
    pub(crate) fn new(section: &'h Section, buf: &'h [u8], also: FieldSet) -> Self {
        Self {
            fields: section.fields.iter(),
            nominating: section.options.nominates.then_some(section),
            buf,
            dropped: HOP_BY_HOP.and(also),
        }
    }
}

impl Iterator for Forwardable<'_> {
    type Item = Field;

    #[inline]
    fn next(&mut self) -> Option<Field> {
        let Self { fields, nominating, buf, dropped } = self;
        fields
            .find(|field| {
                !dropped.contains(field.id)
                    && !nominating.is_some_and(|section| is_nominated(section, buf, field))
            })
            .copied()
    }
}

/// Whether fields of this name go on: they belong to no hop, and no Connection field that may
/// names them.
pub(crate) fn goes_on(section: &Section, buf: &[u8], name: &[u8], id: FieldId) -> bool {
    const ENDS_HERE: FieldSet = HOP_BY_HOP.and(FieldSet::of(&[FieldId::Proxy]));
    let nominated = section.options.nominates && names(section, buf, name, id);
    !nominated && !ENDS_HERE.contains(id)
}

fn is_nominated(section: &Section, buf: &[u8], field: &Field) -> bool {
    names(section, buf, field.name.of(buf), field.id)
}

/// Whether a Connection field names `name`, which is known as `id`. Bounded: fields and options are
/// both capped.
#[cold]
fn names(section: &Section, buf: &[u8], name: &[u8], id: FieldId) -> bool {
    if PROTECTED.contains(id) || is_of_protected_family(name) {
        return false;
    }
    section
        .fields
        .iter()
        .filter(|connection| connection.id == FieldId::Connection)
        .flat_map(|connection| options(connection.value.of(buf)))
        .any(|option| option.eq_ignore_ascii_case(name))
}

/// Fields that describe the content or the hops before us, also those without an id.
fn is_of_protected_family(name: &[u8]) -> bool {
    [b"content-".as_slice(), b"x-forwarded-"].iter().any(|family| {
        name.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
    })
}
