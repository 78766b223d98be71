//! The Cache-Status field (RFC 9211): what the cache did with a request, for whoever debugs it.

use tombolo_http1::write;

/// Why a request went to the origin (RFC 9211 section 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forward {
    /// The cache is not for this request.
    Bypass,
    /// The method asks for it.
    Method,
    /// Nothing is stored for the URI.
    UriMiss,
    /// Something is, and no variant matches.
    VaryMiss,
    /// Nothing could be used, and it is not told apart why.
    Miss,
    /// The request asked for it.
    Request,
    /// What is stored is stale.
    Stale,
    /// What is stored is a part that does not do.
    Partial,
}

impl Forward {
    /// The token.
    pub fn token(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

/// What happened; each member is one parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CacheStatus<'a> {
    /// Answered without asking the origin; `fwd` is then left out.
    pub hit: bool,
    /// Why the origin was asked.
    pub fwd: Option<Forward>,
    /// What the origin answered, if it is not what the client got.
    pub fwd_status: Option<u16>,
    /// Seconds of freshness left; negative: of staleness.
    pub ttl: Option<i64>,
    /// The response is stored now.
    pub stored: bool,
    /// The request was joined to another that was under way.
    pub collapsed: bool,
    /// More, in a word or a few: letters, digits and the signs a string may hold.
    pub detail: Option<&'a str>,
}

impl CacheStatus<'_> {
    /// It in one word, for logs and counters: `hit`, `stale-hit`, `revalidated`, `collapsed`, or
    /// why the origin was asked.
    pub fn word(&self) -> &'static str {
        match self {
            Self { hit: true, ttl: Some(..0), .. } => "stale-hit",
            Self { hit: true, .. } => "hit",
            Self { collapsed: true, .. } => "collapsed",
            Self { fwd_status: Some(304), .. } => "revalidated",
            Self { fwd: Some(fwd), .. } => fwd.token(),
            Self { fwd: None, .. } => "unsatisfiable",
        }
    }

    /// Appends the whole field line.
    #[inline]
    pub fn write_field(&self, out: &mut Vec<u8>) {
        if let Self { hit: true, ttl: Some(ttl @ 0..), collapsed: false, detail: None, .. } = self {
            // What nearly every answer says, in one go.
            out.extend_from_slice(b"Cache-Status: tombolo; hit; ttl=");
            write::number(out, ttl.unsigned_abs());
            return out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"Cache-Status: ");
        self.write(out);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the list member for this cache.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"tombolo");
        if self.hit {
            out.extend_from_slice(b"; hit");
        } else if let Some(fwd) = self.fwd {
            out.extend_from_slice(b"; fwd=");
            out.extend_from_slice(fwd.token().as_bytes());
            if let Some(status) = self.fwd_status {
                out.extend_from_slice(b"; fwd-status=");
                write::number(out, u64::from(status));
            }
        }
        if let Some(ttl) = self.ttl {
            out.extend_from_slice(if ttl < 0 { b"; ttl=-" } else { b"; ttl=" });
            write::number(out, ttl.unsigned_abs());
        }
        if self.stored {
            out.extend_from_slice(b"; stored");
        }
        if self.collapsed {
            out.extend_from_slice(b"; collapsed");
        }
        if let Some(detail) = self.detail {
            write_detail(detail, out);
        }
    }
}

/// A token where it is one, else a string (RFC 9651 sections 3.3.3 and 3.3.4).
#[cold]
fn write_detail(detail: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"; detail=");
    let is_token = detail.starts_with(|first: char| first.is_ascii_alphabetic())
        && detail.bytes().all(crate::message::is_token_byte);
    if is_token {
        return out.extend_from_slice(detail.as_bytes());
    }
    out.push(b'"');
    for byte in detail.bytes().filter(|byte| (0x20..0x7f).contains(byte)) {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(status: &CacheStatus<'_>) -> String {
        let mut out = Vec::new();
        status.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rfc9211_2_members_and_parameters() {
        let hit = CacheStatus { hit: true, ttl: Some(57), ..CacheStatus::default() };
        assert_eq!(text(&hit), "tombolo; hit; ttl=57");
        let stale = CacheStatus { ttl: Some(-3), detail: Some("max-stale"), ..hit };
        assert_eq!(text(&stale), "tombolo; hit; ttl=-3; detail=max-stale");
        let miss = CacheStatus {
            fwd: Some(Forward::UriMiss),
            stored: true,
            collapsed: true,
            ..CacheStatus::default()
        };
        assert_eq!(text(&miss), "tombolo; fwd=uri-miss; stored; collapsed");
        let validated = CacheStatus {
            fwd: Some(Forward::Stale),
            fwd_status: Some(304),
            ttl: Some(60),
            ..CacheStatus::default()
        };
        assert_eq!(text(&validated), "tombolo; fwd=stale; fwd-status=304; ttl=60");
    }

    #[test]
    fn rfc9651_4_1_6_details_are_strings_that_can_be_read() {
        let told = CacheStatus { detail: Some("a \"b\"\r\n\\"), ..CacheStatus::default() };
        assert_eq!(text(&told), "tombolo; detail=\"a \\\"b\\\"\\\\\"");
    }

    #[test]
    fn rfc9211_2_8_every_reason_has_its_token() {
        let tokens = [
            (Forward::Bypass, "bypass"),
            (Forward::Method, "method"),
            (Forward::UriMiss, "uri-miss"),
            (Forward::VaryMiss, "vary-miss"),
            (Forward::Miss, "miss"),
            (Forward::Request, "request"),
            (Forward::Stale, "stale"),
            (Forward::Partial, "partial"),
        ];
        for (forward, token) in tokens {
            assert_eq!(forward.token(), token);
        }
    }
}
