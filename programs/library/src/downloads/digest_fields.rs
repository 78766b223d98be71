//! The digest that content is told with: `Repr-Digest` (RFC 9530), and the `Digest` of RFC 3230 that
//! aria2 verifies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

pub(crate) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
pub(crate) const WANT_REPR_DIGEST: HeaderName = HeaderName::from_static("want-repr-digest");
pub(crate) const DIGEST: HeaderName = HeaderName::from_static("digest");
pub(crate) const WANT_DIGEST: HeaderName = HeaderName::from_static("want-digest");

/// Adds the fields that a request wants. The modern one is sent unless it is refused.
pub(crate) fn add(headers: &mut HeaderMap, asked: &HeaderMap, sha256: &[u8; 32]) {
    let digest = STANDARD.encode(sha256);
    if wants_repr_digest(&joined(asked, &WANT_REPR_DIGEST))
        && let Ok(value) = HeaderValue::from_str(&format!("sha-256=:{digest}:"))
    {
        headers.insert(REPR_DIGEST, value);
    }
    if wants_digest(&joined(asked, &WANT_DIGEST))
        && let Ok(value) = HeaderValue::from_str(&format!("SHA-256={digest}"))
    {
        headers.insert(DIGEST, value);
    }
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

/// Whether SHA-256 is welcome: no wish at all, or a weight above 0 (a dictionary of integers from 0
/// to 10; RFC 8941). Other algorithms are not had.
fn wants_repr_digest(wish: &str) -> bool {
    let weight = wish.split(',').rev().find_map(|member| {
        let (name, weight) = member.trim().split_once('=')?;
        (name.trim() == "sha-256").then(|| weight.trim().split(';').next().map(|w| w.trim() != "0"))
    });
    weight.flatten().unwrap_or(true)
}

/// Whether the old field is asked for with SHA-256: `SHA-256;q=1, SHA;q=0.1`.
fn wants_digest(wish: &str) -> bool {
    wish.split(',').any(|member| {
        let mut parts = member.split(';').map(str::trim);
        let is_ours = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("sha-256"));
        let refused = parts.any(|part| {
            part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0)
        });
        is_ours && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_heard() {
        for (wish, is_wanted) in [
            ("", true),
            ("sha-256=10", true),
            ("sha-512=10, sha-256=1", true),
            ("sha-512=10", true),
            ("sha-256=0", false),
            ("sha-256=10, sha-256=0", false),
            ("sha-256=0;x", false),
        ] {
            assert_eq!(wants_repr_digest(wish), is_wanted, "{wish}");
        }
        for (wish, is_wanted) in [
            ("", false),
            ("SHA-512;q=1, SHA-256;q=1, SHA;q=0.1", true),
            ("sha-256", true),
            ("SHA-256;q=0", false),
            ("SHA", false),
        ] {
            assert_eq!(wants_digest(wish), is_wanted, "{wish}");
        }
    }

    #[test]
    fn the_digest_is_written_in_both_forms() {
        let mut asked = HeaderMap::new();
        asked.insert(WANT_DIGEST, HeaderValue::from_static("SHA-256"));
        let mut headers = HeaderMap::new();
        add(&mut headers, &asked, &[0; 32]);
        let digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(headers[REPR_DIGEST], format!("sha-256=:{digest}:"));
        assert_eq!(headers[DIGEST], format!("SHA-256={digest}"));
    }
}
