//! Conditional requests (RFC 9110, section 13): whether to send the representation at all, and
//! whether a range of it.
//!
//! A pure function of the request's fields, the validators and the time, in the order of
//! precedence of section 13.2.2.

use std::time::{Duration, SystemTime};

use http::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};

use crate::entity_tag::EntityTag;
use crate::field;

/// What a representation is recognised by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validators<'a> {
    pub(crate) etag: &'a EntityTag,
    /// In whole seconds, as the field can say no more.
    pub(crate) last_modified: Option<SystemTime>,
}

/// What the preconditions of a GET or HEAD come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// 200, or 206 when there is a `Range` that counts.
    Send { ranges: bool },
    /// 304: the client has it.
    NotModified,
    /// 412: the client wants another state of it than there is.
    Failed,
}

/// Weighs the preconditions. `now` decides whether a date is a strong validator.
pub(crate) fn evaluate(headers: &HeaderMap, have: Validators<'_>, now: SystemTime) -> Verdict {
    if let Some(tags) = field::list(headers, &IF_MATCH) {
        if !have.etag.satisfies_if_match(&tags) {
            return Verdict::Failed;
        }
    } else if let (Some(date), Some(modified)) =
        (date(headers, &IF_UNMODIFIED_SINCE), have.last_modified)
        && modified > date
    {
        return Verdict::Failed;
    }
    if let Some(tags) = field::list(headers, &IF_NONE_MATCH) {
        if have.etag.named_by_if_none_match(&tags) {
            return Verdict::NotModified;
        }
    } else if let (Some(date), Some(modified)) =
        (date(headers, &IF_MODIFIED_SINCE), have.last_modified)
        && modified <= date
    {
        return Verdict::NotModified;
    }
    let ranges = headers.contains_key(RANGE) && if_range(headers, have, now);
    Verdict::Send { ranges }
}

/// Whether `If-Range` lets the `Range` count (section 13.1.5). A date must be the very date, and
/// a strong validator: at least a second old, else the file may have changed within it.
fn if_range(headers: &HeaderMap, have: Validators<'_>, now: SystemTime) -> bool {
    if !headers.contains_key(IF_RANGE) {
        return true;
    }
    let Some(value) = field::single(headers, &IF_RANGE) else {
        return false;
    };
    if have.etag.equals_if_range(value) {
        return true;
    }
    match (parse_date(value), have.last_modified) {
        (Some(date), Some(modified)) => {
            let age = now.duration_since(modified).unwrap_or(Duration::ZERO);
            date == modified && age >= Duration::from_secs(1)
        }
        _ => false,
    }
}

/// The date of a field; None when it is absent, malformed or given twice, and so to be ignored.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    parse_date(field::single(headers, name)?)
}

fn parse_date(value: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const BEFORE: &str = "Sat, 01 Nov 2025 08:00:00 GMT";
    const SAME: &str = "Sun, 02 Nov 2025 08:00:00 GMT";
    const AFTER: &str = "Mon, 03 Nov 2025 08:00:00 GMT";

    fn verdict(fields: &[(&'static str, &str)]) -> Verdict {
        verdict_at(fields, AFTER)
    }

    fn verdict_at(fields: &[(&'static str, &str)], now: &str) -> Verdict {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let etag = EntityTag::strong("a".into());
        let last_modified = Some(httpdate::parse_http_date(SAME).unwrap());
        let now = httpdate::parse_http_date(now).unwrap();
        evaluate(&headers, Validators { etag: &etag, last_modified }, now)
    }

    const SEND: Verdict = Verdict::Send { ranges: false };

    #[test]
    fn if_match_guards_and_silences_if_unmodified_since() {
        assert_eq!(verdict(&[]), SEND);
        assert_eq!(verdict(&[("if-match", "\"a\"")]), SEND);
        assert_eq!(verdict(&[("if-match", "*")]), SEND);
        assert_eq!(verdict(&[("if-match", "\"b\"")]), Verdict::Failed);
        assert_eq!(verdict(&[("if-match", "W/\"a\"")]), Verdict::Failed);
        assert_eq!(verdict(&[("if-match", "\"b\""), ("if-match", "\"a\"")]), SEND);
        assert_eq!(verdict(&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)]), SEND);
        assert_eq!(verdict(&[("if-unmodified-since", BEFORE)]), Verdict::Failed);
        assert_eq!(verdict(&[("if-unmodified-since", SAME)]), SEND);
        assert_eq!(verdict(&[("if-unmodified-since", "yesterday")]), SEND);
    }

    #[test]
    fn if_none_match_answers_and_silences_if_modified_since() {
        assert_eq!(verdict(&[("if-none-match", "\"a\"")]), Verdict::NotModified);
        assert_eq!(verdict(&[("if-none-match", "W/\"a\"")]), Verdict::NotModified);
        assert_eq!(verdict(&[("if-none-match", "*")]), Verdict::NotModified);
        assert_eq!(verdict(&[("if-none-match", "\"b\"")]), SEND);
        assert_eq!(verdict(&[("if-none-match", "\"b\""), ("if-modified-since", AFTER)]), SEND);
        assert_eq!(verdict(&[("if-modified-since", SAME)]), Verdict::NotModified);
        assert_eq!(verdict(&[("if-modified-since", AFTER)]), Verdict::NotModified);
        assert_eq!(verdict(&[("if-modified-since", BEFORE)]), SEND);
        assert_eq!(verdict(&[("if-modified-since", SAME), ("if-modified-since", SAME)]), SEND);
        assert_eq!(
            verdict(&[("if-match", "\"b\""), ("if-none-match", "\"a\"")]),
            Verdict::Failed,
            "If-Match comes first"
        );
    }

    #[test]
    fn if_range_decides_over_range() {
        let ranged = |condition: &str| verdict(&[("range", "bytes=0-1"), ("if-range", condition)]);
        let send = |ranges| Verdict::Send { ranges };
        assert_eq!(verdict(&[("range", "bytes=0-1")]), send(true));
        assert_eq!(ranged("\"a\""), send(true));
        assert_eq!(ranged(SAME), send(true));
        for condition in ["\"b\"", "W/\"a\"", BEFORE, AFTER, "junk", "\"a\", \"b\""] {
            assert_eq!(ranged(condition), send(false), "{condition}");
        }
        assert_eq!(verdict(&[("if-range", "\"a\"")]), send(false), "If-Range without Range");
        let fields = [("range", "bytes=0-1"), ("if-range", SAME)];
        assert_eq!(verdict_at(&fields, SAME), send(false), "too fresh a date is a weak validator");
    }
}
