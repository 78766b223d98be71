//! Whether a request may be answered from the cache at all, before any look-up (RFC 9111 section
//! 4).

use tombolo_http1::{FieldId, Method};

use crate::clause::Clause;
use crate::message::Request;

/// Why the cache is left out of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bypass {
    /// Only GET and HEAD are answered from the cache.
    Method,
    /// The request has content, which is not part of the key.
    Content,
    /// If-Match or If-Unmodified-Since: the origin's to evaluate.
    OriginCondition,
    /// It asks to change protocols.
    Upgrade,
    /// A field names another method, by which some applications go.
    MethodOverride,
}

impl Bypass {
    /// The clause that says so.
    pub fn clause(self) -> Clause {
        Clause(match self {
            Self::Method => "RFC 9111 section 4",
            Self::Content => "RFC 9110 section 9.3.1",
            Self::OriginCondition => "RFC 9111 section 4.3.2",
            Self::Upgrade => "RFC 9110 section 7.8",
            Self::MethodOverride => "RFC 9111 section 4",
        })
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Method => "only GET and HEAD are answered from the cache",
            Self::Content => "the request has content",
            Self::OriginCondition => "If-Match and If-Unmodified-Since are for the origin",
            Self::Upgrade => "the request asks to change protocols",
            Self::MethodOverride => {
                "the request names another method (X-HTTP-Method-Override or the like)"
            }
        }
    }
}

/// Whether to look into the cache for a request.
///
/// # Errors
/// Why not.
#[inline]
pub fn consult(request: &Request<'_>) -> Result<(), Bypass> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return Err(Bypass::Method);
    }
    if request.head.has_content() {
        return Err(Bypass::Content);
    }
    if request.has(FieldId::IfMatch) || request.has(FieldId::IfUnmodifiedSince) {
        return Err(Bypass::OriginCondition);
    }
    if request.head.upgrade().is_some() {
        return Err(Bypass::Upgrade);
    }
    if request.has(FieldId::MethodOverride) {
        return Err(Bypass::MethodOverride);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request_to;

    #[test]
    fn rfc9111_4_which_requests_the_cache_answers() {
        let of = |line: &str, fields: &str| consult(&request_to(line, fields).as_request());
        assert_eq!(of("GET /", "Cookie: a=b\r\n"), Ok(()));
        assert_eq!(of("HEAD /", "If-None-Match: *\r\n"), Ok(()));
        assert_eq!(of("POST /", ""), Err(Bypass::Method));
        assert_eq!(of("GET /", "Content-Length: 1\r\n"), Err(Bypass::Content));
        assert_eq!(of("GET /", "If-Match: \"a\"\r\n"), Err(Bypass::OriginCondition));
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
        assert_eq!(of("GET /", upgrade), Err(Bypass::Upgrade));
        for name in ["X-HTTP-Method-Override", "x-method-override", "X-Http-Method"] {
            let field = format!("{name}: DELETE\r\n");
            assert_eq!(of("GET /", &field), Err(Bypass::MethodOverride), "{name}");
        }
    }
}
