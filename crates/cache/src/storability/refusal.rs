//! Why a response is not stored.

use std::fmt;

use crate::clause::Clause;

/// Why a response is not stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotStored {
    /// The method is not GET, nor a POST that makes its answer the resource's.
    Method,
    /// The request has content, which is not part of the key.
    RequestContent,
    /// The status is interim, or answers a field or a connection rather than the target.
    Status,
    /// `must-understand`, and the status is not one we know.
    NotUnderstood,
    /// The request says `no-store`.
    RequestNoStore,
    /// The response says `no-store`.
    ResponseNoStore,
    /// The response says `private`.
    Private,
    /// The request has Authorization, and the response does not open itself to shared caches.
    Authorization,
    /// `Vary: *`: it would never match.
    VaryAny,
    /// The response says neither how long it is fresh nor `public`, and its status does not imply
    /// that it can be stored.
    NoFreshness,
    /// It sets a cookie and does not open itself to shared caches, or does not say how long it is
    /// fresh.
    SetCookie,
    /// The request has a cookie or other credentials, and the response does not say how long it is
    /// fresh.
    Credentials,
    /// A stream of events or the like that does not say how long it is fresh.
    Endless,
    /// It would be stale at once, and has nothing to be validated by.
    Useless,
    /// A part that is not one range of bytes with a length that fits.
    ContentRange,
    /// Content-Range that names a range, in an answer that is not 206.
    StrayContentRange,
    /// A head that was put together from a stored one cannot be read.
    Head,
    /// It sets a cookie, and the operator wants none of those stored.
    SetCookieNever,
}

impl NotStored {
    /// The clause that says so.
    pub fn clause(self) -> Clause {
        Clause(match self {
            Self::Method => "RFC 9111 section 3; RFC 9110 section 9.3.3",
            Self::RequestContent => "RFC 9110 section 9.3.1",
            Self::Status => "RFC 9111 section 3; RFC 9110 section 15",
            Self::NotUnderstood => "RFC 9111 section 5.2.2.3",
            Self::RequestNoStore => "RFC 9111 section 5.2.1.5",
            Self::ResponseNoStore => "RFC 9111 section 5.2.2.5",
            Self::Private => "RFC 9111 section 5.2.2.7",
            Self::Authorization => "RFC 9111 section 3.5",
            Self::VaryAny => "RFC 9111 section 4.1",
            Self::NoFreshness => "RFC 9111 section 3",
            Self::SetCookie | Self::SetCookieNever => "RFC 9111 section 7.3",
            Self::Credentials => "RFC 9111 section 4.2.2",
            Self::Endless => "RFC 9111 section 4.2.2",
            Self::Useless => "RFC 9111 section 4",
            Self::ContentRange | Self::StrayContentRange => {
                "RFC 9111 section 3.3; RFC 9110 section 14.4"
            }
            Self::Head => "RFC 9111 section 3.2",
        })
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Method => "the method's answers are not stored",
            Self::RequestContent => "the request has content",
            Self::Status => "answers with this status are not stored",
            Self::NotUnderstood => "the response says must-understand, and its status is unknown",
            Self::RequestNoStore => "the request says no-store",
            Self::ResponseNoStore => "the response says no-store",
            Self::Private => "the response says private",
            Self::Authorization => {
                "the request has Authorization, and the response says none of public, s-maxage \
                 and must-revalidate"
            }
            Self::VaryAny => "the response says Vary: *",
            Self::NoFreshness => {
                "the response does not say how long it is fresh, and its status does not allow a \
                 guess"
            }
            Self::SetCookie => {
                "it sets a cookie, and does not say that all may share it: Tombolo's default, \
                 `set_cookie = \"shared-only\"`"
            }
            Self::SetCookieNever => "it sets a cookie, and `set_cookie` is \"never\"",
            Self::Endless => "its type has no end, and it does not say how long it is fresh",
            Self::Credentials => {
                "the request has a cookie or other credentials, and the response does not say how \
                 long it is fresh"
            }
            Self::Useless => "it is stale at once and has no validator",
            Self::ContentRange => "the part is not one range of bytes with a fitting length",
            Self::StrayContentRange => "its Content-Range names a range and its status no part",
            Self::Head => "the updated head cannot be read",
        }
    }
}

/// The words, then the clause in brackets.
impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.words(), self.clause())
    }
}

impl std::error::Error for NotStored {}
