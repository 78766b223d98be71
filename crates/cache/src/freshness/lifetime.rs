//! Freshness lifetime (RFC 9111 sections 4.2.1 and 4.2.2).

use tombolo_http1::FieldId;

use crate::directives::{DELTA_SECONDS_MAX, ResponseDirectives, Source};
use crate::message::Response;
use crate::metadata::LifetimeSource;
use crate::policy::Policy;
use crate::time::Timestamp;

/// How long a response is fresh, and by what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    /// Seconds.
    pub secs: u32,
    /// What decided it.
    pub source: LifetimeSource,
}

impl Lifetime {
    /// Whether the response itself says how long.
    pub fn is_explicit(&self) -> bool {
        self.source.is_explicit()
    }
}

/// Lifetime of a response with `directives` that came at `response_time`: `s-maxage`, else
/// `max-age`, else Expires less Date; else the policy's, if the status or `public` allows one.
pub fn lifetime(
    response: &Response<'_>,
    directives: &ResponseDirectives,
    policy: &Policy,
    response_time: Timestamp,
) -> Lifetime {
    let found = |secs, source| Lifetime { secs, source };
    if let Some(secs) = directives.s_maxage {
        return found(secs, LifetimeSource::SMaxage);
    }
    if let Some(secs) = directives.max_age {
        return found(secs, LifetimeSource::MaxAge);
    }
    // A targeted field leaves no say to the others (RFC 9213 section 2.2).
    if directives.source != Source::Targeted && response.has(FieldId::Expires) {
        return found(expires(response, response_time), LifetimeSource::Expires);
    }
    let open = is_heuristically_cacheable(response.status()) || directives.public;
    if !open || asks_not_to(response, directives) {
        return found(0, LifetimeSource::Nothing);
    }
    if let Some(secs) = policy.lifetime_of(response.status(), directives.public) {
        return found(secs, LifetimeSource::Default);
    }
    match tenth_of_age(response, response_time).filter(|_| policy.heuristic) {
        Some(secs) => found(secs.min(policy.heuristic_max), LifetimeSource::Heuristic),
        None => found(0, LifetimeSource::Nothing),
    }
}

/// Date's value, or when the response came (RFC 9110 section 6.6.1).
pub(crate) fn date(response: &Response<'_>, response_time: Timestamp) -> Timestamp {
    let written = response.first(FieldId::Date);
    written.and_then(|date| Timestamp::parse(date, response_time)).unwrap_or(response_time)
}

/// Seconds from Date to Expires. Of several the earliest counts, and what is no date is in the
/// past (RFC 9111 section 5.3).
fn expires(response: &Response<'_>, response_time: Timestamp) -> u32 {
    let date = date(response, response_time);
    let seconds = |value: &[u8]| {
        let expires = Timestamp::parse(value, response_time)?;
        let left = expires.secs().saturating_sub(date.secs()).max(0);
        Some(u32::try_from(left).unwrap_or(u32::MAX))
    };
    let earliest = response.lines(FieldId::Expires).map(|value| seconds(value).unwrap_or(0)).min();
    earliest.unwrap_or(0).min(DELTA_SECONDS_MAX)
}

fn tenth_of_age(response: &Response<'_>, response_time: Timestamp) -> Option<u32> {
    let modified = Timestamp::parse(response.first(FieldId::LastModified)?, response_time)?;
    let age = date(response, response_time).secs().saturating_sub(modified.secs());
    Some(u32::try_from(age / 10).unwrap_or(if age < 0 { 0 } else { u32::MAX }))
}

/// An old origin that says `Pragma: no-cache` and knows no Cache-Control does not want to be
/// guessed at. RFC 9111 section 5.4 gives the field no meaning in responses, so it forbids the
/// guess only.
fn asks_not_to(response: &Response<'_>, directives: &ResponseDirectives) -> bool {
    directives.source == Source::Absent
        && response
            .lines(FieldId::Pragma)
            .flat_map(crate::message::members)
            .any(|member| member.eq_ignore_ascii_case(b"no-cache"))
}

/// Statuses whose responses may be given a lifetime they did not ask for (RFC 9110 section 15.1).
pub(crate) fn is_heuristically_cacheable(status: u16) -> bool {
    matches!(status, 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}
