//! The decision to store, clause by clause (RFC 9111 section 3).

use tombolo_http1::{FieldId, Framing, Method};

use super::{NotStored, compose};
use crate::credentials::has_credentials;
use crate::directives::{RequestDirectives, ResponseDirectives, Scope, Source};
use crate::freshness::{Arrival, Lifetime, age_field, initial_age_ms, lifetime};
use crate::freshness::{date_of, is_heuristically_cacheable};
use crate::invalidation;
use crate::key::Target;
use crate::message::{Request, Response};
use crate::metadata::{Metadata, Part};
use crate::policy::{Policy, SetCookie};
use crate::range::content_range;
use crate::vary::{Selecting, Vary};

/// A request and its final response.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// Where the request goes.
    pub target: Target<'a>,
    /// The request as the client sent it.
    pub request: Request<'a>,
    /// The response as the origin sent it.
    pub response: Response<'a>,
    /// When they were sent and came.
    pub arrival: Arrival,
}

/// A response that may be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// What later requests are judged by.
    pub metadata: Metadata,
    /// The head to store; [`StoredHead`](crate::stored_head::StoredHead) views it.
    pub head: Vec<u8>,
    /// The request fields by which variants differ.
    pub vary: Vary,
}

/// Decides whether the response may be stored for the key of its request.
///
/// The caller sees to what it alone knows: the body must be received whole (RFC 9111 section
/// 3.3), and its framing must not have needed repair.
///
/// # Errors
/// The first reason not to.
pub fn storable(exchange: &Exchange<'_>, policy: &Policy) -> Result<Plan, NotStored> {
    let Exchange { request, response, arrival, .. } = exchange;
    if request.head.has_content() && request.method() != Method::Post {
        return Err(NotStored::RequestContent);
    }
    if RequestDirectives::of(request).no_store {
        return Err(NotStored::RequestNoStore);
    }
    let facts = Facts::of(response, policy, *arrival)?;
    match request.method() {
        Method::Get => {}
        Method::Post if facts.lifetime.is_explicit() && invalidation::is_own_content(exchange) => {}
        _ => return Err(NotStored::Method),
    }
    let directives = &facts.directives;
    let opened = directives.public || directives.s_maxage.is_some() || directives.must_revalidate;
    if request.has(FieldId::Authorization) && !opened {
        return Err(NotStored::Authorization);
    }
    if !facts.lifetime.is_explicit() {
        if is_endless(response) {
            return Err(NotStored::Endless);
        }
        if has_credentials(request, policy) {
            return Err(NotStored::Credentials);
        }
    }
    let part = part(response)?;
    if part.is_some() && request.method() != Method::Get {
        return Err(NotStored::ContentRange);
    }
    facts.plan(response, part, policy, *arrival)
}

/// Decides anew for a head that was stored before and has been changed since; method,
/// Authorization and cookies were in order then.
pub(crate) fn restorable(
    response: &Response<'_>,
    part: Option<Part>,
    policy: &Policy,
    arrival: Arrival,
) -> Result<Plan, NotStored> {
    Facts::of(response, policy, arrival)?.plan(response, part, policy, arrival)
}

/// What the response says of itself.
struct Facts {
    directives: ResponseDirectives,
    lifetime: Lifetime,
    vary: Vary,
}

impl Facts {
    /// Reads them, and refuses what the response itself rules out.
    fn of(response: &Response<'_>, policy: &Policy, arrival: Arrival) -> Result<Self, NotStored> {
        if !is_storable_status(response.status()) {
            return Err(NotStored::Status);
        }
        let directives = ResponseDirectives::of(response);
        if directives.must_understand && !is_understood(response.status()) {
            return Err(NotStored::NotUnderstood);
        }
        if directives.no_store && !directives.must_understand {
            return Err(NotStored::ResponseNoStore);
        }
        if directives.private == Scope::Everything {
            return Err(NotStored::Private);
        }
        let Selecting::By(vary) = Vary::of(response) else { return Err(NotStored::VaryAny) };
        let lifetime = lifetime(response, &directives, policy, arrival.response_time);
        let allowed = lifetime.is_explicit()
            || directives.public
            || is_heuristically_cacheable(response.status());
        if !allowed {
            return Err(NotStored::NoFreshness);
        }
        if response.has(FieldId::SetCookie) && !directives.withholds(b"set-cookie") {
            let kept = match policy.set_cookie {
                SetCookie::SharedOnly => is_for_shared_caches(&directives),
                SetCookie::Store => true,
                SetCookie::Never => false,
            };
            if !kept || !lifetime.is_explicit() {
                return Err(match policy.set_cookie {
                    SetCookie::Never => NotStored::SetCookieNever,
                    _ => NotStored::SetCookie,
                });
            }
        }
        Ok(Self { directives, lifetime, vary })
    }

    fn plan(
        self,
        response: &Response<'_>,
        part: Option<Part>,
        policy: &Policy,
        arrival: Arrival,
    ) -> Result<Plan, NotStored> {
        let Self { directives, lifetime, vary } = self;
        let date = date_of(response, arrival.response_time);
        let windows =
            directives.stale_while_revalidate.is_some() || directives.stale_if_error.is_some();
        let sole_s_maxage =
            directives.s_maxage.is_some() && !(policy.stale_beside_s_maxage && windows);
        let must_revalidate =
            directives.must_revalidate || directives.proxy_revalidate || sole_s_maxage;
        let mut metadata = Metadata {
            status: if part.is_some() { 200 } else { response.status() },
            request_time: arrival.request_time,
            response_time: arrival.response_time,
            date,
            initial_age_ms: initial_age_ms(age_field(response), date, arrival),
            lifetime: lifetime.secs,
            lifetime_source: lifetime.source,
            stale_while_revalidate: directives.stale_while_revalidate.unwrap_or(0),
            stale_if_error: directives.stale_if_error.unwrap_or(policy.default_stale_if_error),
            no_cache: directives.no_cache == Scope::Everything,
            must_revalidate,
            targeted: directives.source == Source::Targeted,
            part,
            ..Metadata::default()
        };
        let head = compose::head(response, &directives, &mut metadata);
        let stale_use = metadata.stale_while_revalidate > 0 || metadata.stale_if_error > 0;
        let useful = if metadata.no_cache { false } else { metadata.lifetime > 0 || stale_use };
        if !useful && !metadata.has_validator() {
            return Err(NotStored::Useless);
        }
        Ok(Plan { metadata, head, vary })
    }
}

/// Whether the response opens itself to shared caches in so many words.
fn is_for_shared_caches(directives: &ResponseDirectives) -> bool {
    directives.public || directives.s_maxage.is_some() || directives.source == Source::Targeted
}

/// Whether the response is of a type whose content has no end, or one that its reader waits for:
/// events, pictures that replace each other, calls that stream, records line by line.
pub fn is_endless(response: &Response<'_>) -> bool {
    let Some(value) = response.first(FieldId::ContentType) else { return false };
    let media = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let begins =
        |text: &[u8]| media.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
    begins(b"application/grpc")
        || ENDLESS.iter().any(|name| media.eq_ignore_ascii_case(name.as_bytes()))
}

const ENDLESS: [&str; 8] = [
    "text/event-stream",
    "multipart/x-mixed-replace",
    "application/stream+json",
    "application/x-json-stream",
    "application/json-seq",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
];

/// The part that a 206 brings; none for a whole representation.
fn part(response: &Response<'_>) -> Result<Option<Part>, NotStored> {
    if response.status() != 206 {
        // It means nothing here (RFC 9110 section 14.4). But one that names a range is likely to
        // be of a part that its origin calls a whole.
        let stray = response.lines(FieldId::ContentRange).any(|v| content_range(v).is_some());
        return if stray { Err(NotStored::StrayContentRange) } else { Ok(None) };
    }
    let mut lines = response.lines(FieldId::ContentRange);
    let (Some(value), None) = (lines.next(), lines.next()) else {
        return Err(NotStored::ContentRange);
    };
    let part = content_range(value).ok_or(NotStored::ContentRange)?;
    let fits = match response.head.framing() {
        Framing::Length(length) => length == part.len(),
        Framing::Chunked | Framing::UntilClose => true,
        Framing::None => false,
    };
    fits.then_some(Some(part)).ok_or(NotStored::ContentRange)
}

/// Interim answers; 304, which is about a stored response; and answers to the connection or to
/// request fields that are in no key, by which one client could spoil the answer of all.
fn is_storable_status(status: u16) -> bool {
    status >= 200 && !matches!(status, 304 | 407 | 412 | 416 | 417 | 421 | 425 | 426 | 431)
}

/// Statuses that RFC 9110 defines, and whose caching asks for nothing that is not done here.
fn is_understood(status: u16) -> bool {
    matches!(
        status,
        200..=206 | 300..=303 | 307 | 308 | 400 | 402..=406 | 408..=411 | 413..=415 | 422 | 428
            | 429 | 451 | 500..=505
    )
}
