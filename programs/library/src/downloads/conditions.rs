//! Whether a request's conditions let it have the content, a part of it, or only the news that
//! nothing changed (RFC 9110, section 13). An item's content never changes, so its tag is strong and
//! its date is that of the upload.

use http::HeaderMap;
use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};

/// What content is told apart by.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    /// The strong entity tag, quotes included.
    pub(crate) etag: String,
    /// When the content was stored, in whole seconds since 1970.
    pub(crate) modified: u64,
}

/// What the conditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request is answered; a range counts if `range_counts`.
    Go { range_counts: bool },
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Judges the conditions in the order of section 13.2.2.
pub(crate) fn judge(headers: &HeaderMap, validators: &Validators) -> Verdict {
    if let Some(listed) = list(headers, &IF_MATCH) {
        if !matches_strongly(&listed, &validators.etag) {
            return Verdict::Failed;
        }
    } else if let Some(date) = date(headers, &IF_UNMODIFIED_SINCE)
        && validators.modified > date
    {
        return Verdict::Failed;
    }
    if let Some(listed) = list(headers, &IF_NONE_MATCH) {
        if matches_weakly(&listed, &validators.etag) {
            return Verdict::NotModified;
        }
    } else if let Some(date) = date(headers, &IF_MODIFIED_SINCE)
        && validators.modified <= date
    {
        return Verdict::NotModified;
    }
    Verdict::Go { range_counts: range_counts(headers, validators) }
}

/// Whether `If-Range` lets a range count: only a strong match does.
fn range_counts(headers: &HeaderMap, validators: &Validators) -> bool {
    let Some(value) = headers.get(IF_RANGE) else { return true };
    let Ok(text) = value.to_str() else { return false };
    let text = text.trim();
    if text.starts_with('"') {
        return text == validators.etag;
    }
    // A date counts when it is exactly ours. Ours is strong: content never changes after it.
    seconds(text).is_some_and(|date| date == validators.modified)
}

/// All lines of a field as one list.
fn list(headers: &HeaderMap, name: &http::HeaderName) -> Option<String> {
    let lines: Vec<_> =
        headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

fn matches_strongly(list: &str, etag: &str) -> bool {
    list.trim() == "*" || tags(list).any(|(is_weak, tag)| !is_weak && tag == etag)
}

fn matches_weakly(list: &str, etag: &str) -> bool {
    list.trim() == "*" || tags(list).any(|(_, tag)| tag == etag)
}

/// The tags of a list: whether each is weak, and itself with its quotes. Tags may hold commas.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let is_weak = rest.starts_with("W/");
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let inner = tag.strip_prefix('"')?;
        let end = inner.find('"')?.checked_add(2)?;
        let (tag, after) = tag.split_at_checked(end)?;
        rest = after;
        Some((is_weak, tag))
    })
}

fn date(headers: &HeaderMap, name: &http::HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok().and_then(seconds)
}

fn seconds(date: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(date.trim()).ok()?;
    Some(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn verdict(fields: &[(&'static str, &str)]) -> Verdict {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        // Sun, 06 Nov 1994 08:49:37 GMT
        judge(&headers, &Validators { etag: "\"a,b\"".into(), modified: 784_111_777 })
    }

    const GO: Verdict = Verdict::Go { range_counts: true };
    const WHOLE: Verdict = Verdict::Go { range_counts: false };

    #[test]
    fn conditions_are_judged_in_order() {
        for (fields, expected) in [
            (vec![], GO),
            (vec![("if-none-match", "\"a,b\"")], Verdict::NotModified),
            (vec![("if-none-match", "W/\"a,b\"")], Verdict::NotModified),
            (vec![("if-none-match", "\"x\", \"a,b\"")], Verdict::NotModified),
            (vec![("if-none-match", "\"x\""), ("if-none-match", "\"a,b\"")], Verdict::NotModified),
            (vec![("if-none-match", "*")], Verdict::NotModified),
            (vec![("if-none-match", "\"x\"")], GO),
            (vec![("if-match", "\"a,b\"")], GO),
            (vec![("if-match", "W/\"a,b\"")], Verdict::Failed),
            (vec![("if-match", "*")], GO),
            (vec![("if-match", "\"x\"")], Verdict::Failed),
            (vec![("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], Verdict::NotModified),
            (vec![("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT")], GO),
            // The tag counts for more than the date.
            (
                vec![
                    ("if-none-match", "\"x\""),
                    ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ],
                GO,
            ),
            (vec![("if-unmodified-since", "Sun, 06 Nov 1994 08:49:36 GMT")], Verdict::Failed),
            (vec![("if-range", "\"a,b\"")], GO),
            (vec![("if-range", "W/\"a,b\"")], WHOLE),
            (vec![("if-range", "\"x\"")], WHOLE),
            (vec![("if-range", "Sun, 06 Nov 1994 08:49:37 GMT")], GO),
            (vec![("if-range", "Sun, 06 Nov 1994 08:49:38 GMT")], WHOLE),
            (vec![("if-range", "nonsense")], WHOLE),
        ] {
            assert_eq!(verdict(&fields), expected, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn any_list_is_read(list: String) {
            let _ = tags(&list).count();
        }
    }
}
