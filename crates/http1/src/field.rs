//! Field names the gateway treats specially, and sets of them. Owns the list; refuses values.

use crate::Span;

/// One field line of a head. The value has its surrounding whitespace removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The name as it was sent.
    pub name: Span,
    /// The value, without surrounding spaces and tabs.
    pub value: Span,
    /// What the name is known as.
    pub id: FieldId,
}

macro_rules! field_ids {
    ($($(#[doc = $doc:literal])? $id:ident = $name:literal,)*) => {
        /// Field names treated specially somewhere in the gateway, found once while parsing.
        #[repr(u8)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum FieldId {
            /// A name this crate does not know.
            Other,
            /// A name that is unknown, but is taken for a known one by backends which map all
            /// punctuation to one sign (`Transfer_Encoding`, `Content.Length`). Never forwarded.
            Folded,
            $(#[doc = concat!("`", $name, "`")] $id,)*
        }

        /// The known names in lower case.
        pub(crate) const KNOWN: &[(FieldId, &[u8])] = &[
            $((FieldId::$id, $name.as_bytes()),)*
            // Other names of the same.
            (FieldId::MethodOverride, b"x-method-override"),
            (FieldId::MethodOverride, b"x-http-method"),
        ];
    };
}

field_ids! {
    Host = "host",
    Connection = "connection",
    KeepAlive = "keep-alive",
    ProxyConnection = "proxy-connection",
    ProxyAuthenticate = "proxy-authenticate",
    ProxyAuthorization = "proxy-authorization",
    Te = "te",
    Trailer = "trailer",
    TransferEncoding = "transfer-encoding",
    Upgrade = "upgrade",
    Http2Settings = "http2-settings",
    Proxy = "proxy",
    ContentLength = "content-length",
    Expect = "expect",
    MaxForwards = "max-forwards",
    XForwardedFor = "x-forwarded-for",
    XForwardedProto = "x-forwarded-proto",
    XForwardedHost = "x-forwarded-host",
    XForwardedPort = "x-forwarded-port",
    XRealIp = "x-real-ip",
    Forwarded = "forwarded",
    Via = "via",
    XRequestId = "x-request-id",
    XServedBy = "x-served-by",
    UserAgent = "user-agent",
    Referer = "referer",
    Origin = "origin",
    Cookie = "cookie",
    SetCookie = "set-cookie",
    Accept = "accept",
    AcceptEncoding = "accept-encoding",
    AcceptLanguage = "accept-language",
    AcceptRanges = "accept-ranges",
    Date = "date",
    Age = "age",
    CacheControl = "cache-control",
    Pragma = "pragma",
    Vary = "vary",
    Etag = "etag",
    LastModified = "last-modified",
    Expires = "expires",
    IfMatch = "if-match",
    IfNoneMatch = "if-none-match",
    IfModifiedSince = "if-modified-since",
    IfUnmodifiedSince = "if-unmodified-since",
    IfRange = "if-range",
    Range = "range",
    ContentRange = "content-range",
    ContentType = "content-type",
    ContentEncoding = "content-encoding",
    ContentLocation = "content-location",
    ContentDisposition = "content-disposition",
    Authorization = "authorization",
    WwwAuthenticate = "www-authenticate",
    CacheStatus = "cache-status",
    CdnCacheControl = "cdn-cache-control",
    Location = "location",
    RetryAfter = "retry-after",
    Server = "server",
    Allow = "allow",
    MethodOverride = "x-http-method-override",
}

impl FieldId {
    /// What `name`, a token in any letter case, is known as.
    #[inline]
    pub fn of_name(name: &[u8]) -> Self {
        crate::name::classify(name)
    }
}

const _: () =
    assert!((FieldId::MethodOverride as u8) < 64, "FieldSet has one bit for each FieldId");

/// A set of [`FieldId`]s; a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FieldSet(u64);

impl FieldSet {
    /// The set of `ids`.
    pub const fn of(ids: &[FieldId]) -> Self {
        let mut bits = 0;
        let mut rest = ids;
        while let [id, tail @ ..] = rest {
            bits |= 1 << *id as u8;
            rest = tail;
        }
        Self(bits)
    }

    /// Whether `id` is in the set.
    #[inline]
    pub const fn contains(self, id: FieldId) -> bool {
        self.0 >> (id as u8) & 1 == 1
    }

    /// This set and `other` together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Adds `id`; tells whether it was there before.
    #[inline]
    pub(crate) fn add(&mut self, id: FieldId) -> bool {
        let before = self.contains(id);
        self.0 |= 1 << id as u8;
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        let mut set = FieldSet::of(&[FieldId::Host, FieldId::Allow]);
        assert!(set.contains(FieldId::Host) && set.contains(FieldId::Allow));
        assert!(!set.contains(FieldId::Other) && !set.contains(FieldId::Via));
        assert!(!set.add(FieldId::Via) && set.add(FieldId::Via));
        let both = set.and(FieldSet::of(&[FieldId::Host, FieldId::Te]));
        assert!(both.contains(FieldId::Host) && both.contains(FieldId::Te));
        assert_eq!(FieldId::of_name(b"x-REAL-ip"), FieldId::XRealIp);
    }
}
