//! Header fields of uploads: numbers, and the structured fields of the draft (RFC 9651).

use http::{HeaderMap, HeaderName};

use crate::problem::Problem;

/// Names of the fields of tus.
pub(crate) mod tus {
    use http::HeaderName;

    pub(crate) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
    pub(crate) const VERSION: HeaderName = HeaderName::from_static("tus-version");
    pub(crate) const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
    pub(crate) const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
    pub(crate) const ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
    pub(crate) const DEFER: HeaderName = HeaderName::from_static("upload-defer-length");
    pub(crate) const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
    pub(crate) const CONCAT: HeaderName = HeaderName::from_static("upload-concat");
    pub(crate) const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
    pub(crate) const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
    pub(crate) const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
}

/// Names of the fields of the draft.
pub(crate) mod draft {
    use http::HeaderName;

    pub(crate) const COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
    pub(crate) const LIMIT: HeaderName = HeaderName::from_static("upload-limit");
    pub(crate) const INTEROP: HeaderName = HeaderName::from_static("upload-draft-interop-version");
}

/// In both.
pub(crate) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// In both.
pub(crate) const LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// The item that an upload has become.
pub(crate) const ITEM: HeaderName = HeaderName::from_static("library-item");
/// RFC 9530.
pub(crate) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
/// RFC 9530.
pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
/// draft-ietf-httpapi-idempotency-key-header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The one value of a field, as text; None if it is not there.
pub(crate) fn text<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text.trim())),
        _ => Err(wrong(name, "it is there twice, or has characters other than ASCII")),
    }
}

/// A number of bytes. The same form in tus and, for numbers without a sign, in structured fields.
pub(crate) fn bytes(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, Problem> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    let number = number(text).ok_or_else(|| wrong(name, "it is not a number of bytes"))?;
    Ok(Some(number))
}

/// Digits that make a number of at most 15 digits, as structured fields have it.
fn number(text: &str) -> Option<u64> {
    let is_plain = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// A truth value of a structured field: `?0` or `?1`. One that is written otherwise is passed over,
/// as RFC 9651 has it.
pub(crate) fn truth(headers: &HeaderMap, name: &HeaderName) -> Option<bool> {
    match text(headers, name).ok()?? {
        "?1" => Some(true),
        "?0" => Some(false),
        _ => None,
    }
}

/// A field that cannot be used.
pub(crate) fn wrong(name: &HeaderName, why: &str) -> Problem {
    let detail = format!("The field {name} cannot be used: {why}; mend it and send it again.");
    Problem::field("header", detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(OFFSET, text.parse().unwrap())])
    }

    #[test]
    fn numbers_have_one_form() {
        for (text, expected) in [
            ("0", Some(0)),
            ("999999999999999", Some(999_999_999_999_999)),
            (" 7 ", Some(7)),
            ("1000000000000000", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("", None),
            ("0x1", None),
        ] {
            assert_eq!(bytes(&headers(text), &OFFSET).ok().flatten(), expected, "{text:?}");
        }
        assert_eq!(bytes(&HeaderMap::new(), &OFFSET).unwrap(), None);
        let mut two = headers("1");
        two.append(OFFSET, "1".parse().unwrap());
        assert!(bytes(&two, &OFFSET).is_err());
    }

    #[test]
    fn truth_values_of_another_form_are_passed_over() {
        for (text, expected) in [("?1", Some(true)), ("?0", Some(false)), ("1", None), ("?2", None)]
        {
            assert_eq!(truth(&headers(text), &OFFSET), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "[ -~]{0,30}") {
            let _ = (bytes(&headers(&text), &OFFSET), truth(&headers(&text), &OFFSET));
        }
    }
}
