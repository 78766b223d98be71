//! Why the cache did what it did with a request, in words and by which clause; and as a small
//! number, which is all that a record keeps of it.

use tombolo_cache::cache_status::{CacheStatus, Forward};
use tombolo_cache::freshness::{Staleness, Why};
use tombolo_cache::lookup::Bypass;
use tombolo_cache::storability::NotStored;

/// What decided, where the word of `Cache-Status` alone does not say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// The request is not one that a cache answers.
    Bypassed(Bypass),
    /// The route's own rules pass it by.
    ByRule,
    /// Whom it is for cannot be told, so it has no key.
    NoTarget,
    /// Its path is sent upstream in a spelling that may be another path there.
    Respelled,
    /// What is stored cannot be sent as it is.
    Unfit(Why),
    /// What is stored is stale, and sent all the same.
    Stale(Staleness),
}

const BYPASSES: [Bypass; 5] = [
    Bypass::Method,
    Bypass::Content,
    Bypass::OriginCondition,
    Bypass::Upgrade,
    Bypass::MethodOverride,
];
const WHYS: [Why; 7] = [
    Why::RequestNoCache,
    Why::RequestMaxAge,
    Why::RequestMinFresh,
    Why::ResponseNoCache,
    Why::Stale,
    Why::MustRevalidate,
    Why::Credentials,
];
const STALENESSES: [Staleness; 3] =
    [Staleness::MaxStale, Staleness::WhileRevalidate, Staleness::SoftPurge];
const FORWARDS: [Forward; 8] = [
    Forward::Bypass,
    Forward::Method,
    Forward::UriMiss,
    Forward::VaryMiss,
    Forward::Miss,
    Forward::Request,
    Forward::Stale,
    Forward::Partial,
];
const NOT_STORED: [NotStored; 18] = [
    NotStored::Method,
    NotStored::RequestContent,
    NotStored::Status,
    NotStored::NotUnderstood,
    NotStored::RequestNoStore,
    NotStored::ResponseNoStore,
    NotStored::Private,
    NotStored::Authorization,
    NotStored::VaryAny,
    NotStored::NoFreshness,
    NotStored::SetCookie,
    NotStored::Credentials,
    NotStored::Endless,
    NotStored::Useless,
    NotStored::ContentRange,
    NotStored::StrayContentRange,
    NotStored::Head,
    NotStored::SetCookieNever,
];

impl Reason {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Bypassed(bypass) => bypass.words(),
            Self::ByRule => "a bypass rule of its route passes it by",
            Self::NoTarget => "the forwarding fields of a trusted hop do not tell one host",
            Self::Respelled => {
                "the path is sent upstream as it is written, which is not its normal form"
            }
            Self::Unfit(why) => why.words(),
            Self::Stale(Staleness::MaxStale) => "it is stale, and the request takes that",
            Self::Stale(Staleness::WhileRevalidate) => {
                "it is stale, and may be sent while it is validated"
            }
            Self::Stale(Staleness::SoftPurge) => {
                "it was purged softly, and may be sent while it is validated"
            }
        }
    }

    /// The clause that says so, where one does.
    pub(crate) fn clause(self) -> Option<&'static str> {
        match self {
            Self::Bypassed(bypass) => Some(bypass.clause().0),
            Self::Unfit(why) => Some(why.clause().0),
            Self::Stale(Staleness::MaxStale) => Some("RFC 9111 section 5.2.1.2"),
            Self::Stale(Staleness::WhileRevalidate) => Some("RFC 5861 section 3"),
            Self::ByRule | Self::NoTarget | Self::Respelled | Self::Stale(Staleness::SoftPurge) => {
                None
            }
        }
    }

    /// Never 0.
    fn code(self) -> u8 {
        match self {
            Self::ByRule => 1,
            Self::NoTarget => 2,
            Self::Respelled => 3,
            Self::Bypassed(bypass) => 16 + bypass as u8,
            Self::Unfit(why) => 32 + why as u8,
            Self::Stale(staleness) => 48 + staleness as u8,
        }
    }
}

/// Why the cache did what its status tells, in words and by which clause.
pub(crate) fn explain(
    status: &CacheStatus<'_>,
    reason: Option<Reason>,
) -> (&'static str, Option<&'static str>) {
    match (status.fwd, reason) {
        (None, _) if !status.hit => (
            "the request asks for a stored response only, and no stored response can be used",
            Some("RFC 9111 section 5.2.1.7"),
        ),
        (_, Some(reason)) => (reason.words(), reason.clause()),
        (Some(forward), None) => of_forward(forward),
        (None, None) => ("what is stored is fresh", Some("RFC 9111 section 4.2")),
    }
}

/// What is told where nothing but `fwd` of `Cache-Status` says why: words and clause.
fn of_forward(forward: Forward) -> (&'static str, Option<&'static str>) {
    match forward {
        Forward::UriMiss => ("nothing is stored for this URL", Some("RFC 9111 section 4")),
        Forward::VaryMiss => {
            ("something is stored, but no variant for such a request", Some("RFC 9111 section 4.1"))
        }
        Forward::Partial => {
            ("only a part is stored that does not do", Some("RFC 9111 section 3.3"))
        }
        Forward::Stale => ("what is stored is stale", Some("RFC 9111 section 4.2")),
        Forward::Request => ("the request wants upstream to be asked", None),
        Forward::Method => (Bypass::Method.words(), Some(Bypass::Method.clause().0)),
        Forward::Bypass => ("the cache has no part in it", None),
        Forward::Miss => ("nothing stored could be used", Some("RFC 9111 section 4")),
    }
}

/// Every reason there is.
#[cfg(test)]
pub(super) fn all_reasons() -> impl Iterator<Item = Reason> {
    (1..=u8::MAX).filter_map(reason)
}

/// Every reason not to store an answer.
#[cfg(test)]
pub(super) fn all_not_stored() -> impl Iterator<Item = NotStored> {
    NOT_STORED.into_iter()
}

#[inline]
pub(super) fn reason_code(reason: Option<Reason>) -> u8 {
    reason.map_or(0, Reason::code)
}

pub(super) fn reason(code: u8) -> Option<Reason> {
    let of_kinds = BYPASSES.into_iter().map(Reason::Bypassed);
    let of_kinds = of_kinds.chain(WHYS.into_iter().map(Reason::Unfit));
    let mut all = of_kinds.chain(STALENESSES.into_iter().map(Reason::Stale)).chain([
        Reason::ByRule,
        Reason::NoTarget,
        Reason::Respelled,
    ]);
    all.find(|reason| reason.code() == code)
}

#[inline]
pub(super) fn forward_code(forward: Option<Forward>) -> u8 {
    forward.map_or(0, |forward| forward as u8 + 1)
}

pub(super) fn forward(code: u8) -> Option<Forward> {
    FORWARDS.into_iter().find(|forward| *forward as u8 + 1 == code)
}

#[inline]
pub(super) fn not_stored_code(reason: Option<NotStored>) -> u8 {
    reason.map_or(0, |reason| reason as u8 + 1)
}

pub(super) fn not_stored(code: u8) -> Option<NotStored> {
    NOT_STORED.into_iter().find(|reason| *reason as u8 + 1 == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back() {
        for bypass in BYPASSES {
            let code = reason_code(Some(Reason::Bypassed(bypass)));
            assert_eq!(reason(code), Some(Reason::Bypassed(bypass)));
        }
        for why in WHYS {
            assert_eq!(reason(Reason::Unfit(why).code()), Some(Reason::Unfit(why)));
        }
        for staleness in STALENESSES {
            assert_eq!(reason(Reason::Stale(staleness).code()), Some(Reason::Stale(staleness)));
        }
        for own in [Reason::ByRule, Reason::NoTarget, Reason::Respelled] {
            assert_eq!(reason(own.code()), Some(own));
        }
        assert_eq!(reason(0), None);
        for one in FORWARDS {
            assert_eq!(forward(forward_code(Some(one))), Some(one));
        }
        for one in NOT_STORED {
            assert_eq!(not_stored(not_stored_code(Some(one))), Some(one));
        }
        assert_eq!((forward(0), not_stored(0)), (None, None));
    }

    /// The lists are whole: their numbers are those of all there are.
    #[test]
    fn the_lists_leave_nothing_out() {
        assert!(NOT_STORED.iter().enumerate().all(|(place, one)| *one as usize == place));
        assert!(FORWARDS.iter().enumerate().all(|(place, one)| *one as usize == place));
        assert!(WHYS.iter().enumerate().all(|(place, one)| *one as usize == place));
        assert!(BYPASSES.iter().enumerate().all(|(place, one)| *one as usize == place));
        assert!(STALENESSES.iter().enumerate().all(|(place, one)| *one as usize == place));
    }
}
