//! Reading a field that may be spread over several lines (RFC 9110, section 5.3).

use std::borrow::Cow;

use http::header::{HeaderMap, HeaderName};

/// A list field's lines joined by commas; None when the field is absent.
pub(crate) fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, [u8]>> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?.as_bytes();
    let mut joined = Cow::Borrowed(first);
    for line in lines {
        let joined = joined.to_mut();
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(line.as_bytes());
    }
    Some(joined)
}

/// The value of a field that may stand only once; None when it is absent or given twice.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::{ACCEPT_ENCODING, RANGE};

    #[test]
    fn lists_are_joined_and_singles_are_single() {
        let mut headers = HeaderMap::new();
        assert_eq!(list(&headers, &ACCEPT_ENCODING), None);
        headers.append(ACCEPT_ENCODING, HeaderValue::from_static("br"));
        assert_eq!(list(&headers, &ACCEPT_ENCODING).as_deref(), Some(b"br".as_slice()));
        assert_eq!(single(&headers, &ACCEPT_ENCODING), Some(b"br".as_slice()));
        headers.append(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(list(&headers, &ACCEPT_ENCODING).as_deref(), Some(b"br, gzip".as_slice()));
        assert_eq!(single(&headers, &ACCEPT_ENCODING), None);
        assert_eq!(single(&headers, &RANGE), None);
    }
}
