//! What a stored response is good for when a request comes (RFC 9111 section 4).

use super::age::current_age_ms;
use crate::clause::Clause;
use crate::directives::RequestDirectives;
use crate::metadata::Metadata;
use crate::policy::Policy;
use crate::time::Timestamp;

/// What an operator did to a stored response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mark {
    /// Nothing.
    #[default]
    None,
    /// Purged softly at that time: stale since then at the latest.
    Stale(Timestamp),
    /// It may have been changed at that time: not to be used before it is validated.
    Doubtful(Timestamp),
}

/// Verdict, and the ages it rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// What to do.
    pub verdict: Verdict,
    /// Value for the Age field; seconds.
    pub age: u32,
    /// Seconds it stays fresh; negative: since when it is stale. Value for `ttl` (RFC 9211).
    pub ttl: i64,
}

/// What to do with a stored response that matches a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Send it.
    Fresh,
    /// Send it, though it is stale.
    Stale(Staleness),
    /// Ask the origin, with validators if there are any.
    Revalidate {
        /// Why it cannot just be sent.
        why: Why,
        /// Whether it may be sent if the origin cannot be reached or its answer
        /// [is an error](is_origin_error) (RFC 5861 section 4).
        if_error: bool,
    },
    /// Answer 504: only a stored response is wanted, and this one cannot be used.
    Unsatisfiable(Why),
}

/// Whether an answer of the origin with this status counts as its failure, where a stale response
/// may be used on error (RFC 5861 section 4).
pub fn is_origin_error(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// What allows a stale response to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Staleness {
    /// The client takes it. Nothing needs to be done in the background.
    MaxStale,
    /// It is to be validated in the background (RFC 5861 section 3).
    WhileRevalidate,
    /// Purged softly: it is to be validated in the background.
    SoftPurge,
}

/// Why a stored response cannot be sent as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The client wants the origin to be asked.
    RequestNoCache,
    /// The client wants a younger one.
    RequestMaxAge,
    /// The client wants one that stays fresh longer.
    RequestMinFresh,
    /// The response says that it must be validated each time.
    ResponseNoCache,
    /// It is stale.
    Stale,
    /// It is stale and says that it must not be used then.
    MustRevalidate,
    /// It was stored for requests without credentials, and this one has some.
    Credentials,
}

impl Why {
    /// The clause that says so.
    pub fn clause(self) -> Clause {
        Clause(match self {
            Self::RequestNoCache => "RFC 9111 section 5.2.1.4",
            Self::RequestMaxAge => "RFC 9111 section 5.2.1.1",
            Self::RequestMinFresh => "RFC 9111 section 5.2.1.3",
            Self::ResponseNoCache => "RFC 9111 section 5.2.2.4",
            Self::Stale => "RFC 9111 section 4.2",
            Self::MustRevalidate => "RFC 9111 section 4.2.4",
            Self::Credentials => "RFC 9111 section 7.3",
        })
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::RequestNoCache => "the request says no-cache",
            Self::RequestMaxAge => "it is older than the request's max-age",
            Self::RequestMinFresh => "it stays fresh for less than the request's min-fresh",
            Self::ResponseNoCache => "the response says no-cache: it is validated each time",
            Self::Stale => "it is stale",
            Self::MustRevalidate => "it is stale and must be validated before use",
            Self::Credentials => {
                "it does not say how long it is fresh, so it is for requests without credentials"
            }
        }
    }
}

/// Judges a stored response, already known to match in key and Vary, for a request. Pure
/// arithmetic on numbers: allocates nothing.
#[inline]
pub fn judge(
    request: &RequestDirectives,
    meta: &Metadata,
    mark: Mark,
    policy: &Policy,
    now: Timestamp,
) -> Judgement {
    let age_ms = current_age_ms(meta, now);
    let lifetime_ms = i64::from(meta.lifetime) * 1000;
    let mut left_ms = lifetime_ms.saturating_sub(i64::try_from(age_ms).unwrap_or(i64::MAX));
    if let Mark::Stale(since) | Mark::Doubtful(since) = mark {
        left_ms = left_ms.min(i64::try_from(now.since(since)).map_or(i64::MIN, |ms| -ms));
    }
    let doubtful = matches!(mark, Mark::Doubtful(_));
    let why = match refusal(request, meta, age_ms, left_ms) {
        Some(Why::Stale) if doubtful => Some(Why::MustRevalidate),
        why => why,
    };
    let verdict = match why {
        None => Verdict::Fresh,
        Some(why) => match staleness(why, request, meta, mark, policy, left_ms) {
            Some(staleness) => Verdict::Stale(staleness),
            None if request.only_if_cached => Verdict::Unsatisfiable(why),
            None => {
                let if_error = !doubtful && usable_on_error(request, meta, left_ms);
                Verdict::Revalidate { why, if_error }
            }
        },
    };
    let age = u32::try_from(age_ms / 1000).unwrap_or(u32::MAX);
    Judgement { verdict, age, ttl: left_ms.div_euclid(1000) }
}

/// Why it cannot be sent as a fresh one. What no staleness can heal goes first.
///
/// The request's `max-age` is held against the age in whole seconds, as Age tells it; `max-age=0`
/// asks for validation, whatever the clock's grain.
#[inline]
fn refusal(request: &RequestDirectives, meta: &Metadata, age_ms: u64, left_ms: i64) -> Option<Why> {
    if meta.no_cache {
        return Some(Why::ResponseNoCache);
    }
    if request.no_cache {
        return Some(Why::RequestNoCache);
    }
    if let Some(max_age) = request.max_age
        && (max_age == 0 || age_ms / 1000 > u64::from(max_age))
    {
        return Some(Why::RequestMaxAge);
    }
    if let Some(min_fresh) = request.min_fresh
        && left_ms < i64::from(min_fresh) * 1000
    {
        return Some(Why::RequestMinFresh);
    }
    if left_ms > 0 {
        return None;
    }
    Some(if meta.must_revalidate { Why::MustRevalidate } else { Why::Stale })
}

/// What allows it to be sent although it is stale (RFC 9111 section 4.2.4).
fn staleness(
    why: Why,
    request: &RequestDirectives,
    meta: &Metadata,
    mark: Mark,
    policy: &Policy,
    left_ms: i64,
) -> Option<Staleness> {
    if why != Why::Stale {
        return None;
    }
    let within = |secs: u32| left_ms.unsigned_abs() <= u64::from(secs) * 1000;
    if request.max_stale.is_some_and(within) {
        return Some(Staleness::MaxStale);
    }
    if meta.stale_while_revalidate > 0 && within(meta.stale_while_revalidate) {
        return Some(Staleness::WhileRevalidate);
    }
    let purged = matches!(mark, Mark::Stale(_)) && within(policy.soft_purge_window);
    purged.then_some(Staleness::SoftPurge)
}

/// Whether it may be sent if the origin fails.
fn usable_on_error(request: &RequestDirectives, meta: &Metadata, left_ms: i64) -> bool {
    if meta.no_cache || meta.must_revalidate || request.no_cache {
        return false;
    }
    let window = meta.stale_if_error.max(request.stale_if_error.unwrap_or(0));
    window > 0 && left_ms.saturating_neg() <= i64::from(window) * 1000
}

#[cfg(test)]
mod tests;
