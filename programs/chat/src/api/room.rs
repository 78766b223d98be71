//! The room of a path and the fields of a query.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::refusal::Refusal;
use crate::said::RoomName;

/// The room that a path names.
pub(super) struct Room(pub(super) RoomName);

impl<S: Send + Sync> FromRequestParts<S> for Room {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(written) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::field("room", "The room's name is not percent-encoded UTF-8."))?;
        Ok(Self(RoomName::new(&written)?))
    }
}

/// The first value of a query's field, decoded. Fields that mean nothing here are left alone.
pub(super) fn query(parts: &http::Uri, field: &'static str) -> Result<Option<String>, Refusal> {
    for pair in parts.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == field {
            return decode(value).map(Some).ok_or_else(|| {
                Refusal::field(
                    field,
                    "This is not percent-encoded UTF-8; encode it as a form does.",
                )
            });
        }
    }
    Ok(None)
}

/// Decodes `application/x-www-form-urlencoded`.
fn decode(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next()?, rest.next()?);
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(high)? * 16 + digit(low)?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_query_are_decoded() {
        let uri: http::Uri = "/x?name=Ana+Mar%C3%ADa&after=7&after=8&flag".parse().unwrap();
        assert_eq!(query(&uri, "name").unwrap().as_deref(), Some("Ana María"));
        assert_eq!(query(&uri, "after").unwrap().as_deref(), Some("7"));
        assert_eq!(query(&uri, "flag").unwrap().as_deref(), Some(""));
        assert_eq!(query(&uri, "none").unwrap(), None);
        for bad in ["/x?name=%", "/x?name=%4", "/x?name=%zz", "/x?name=%ff"] {
            assert!(query(&bad.parse().unwrap(), "name").is_err(), "{bad}");
        }
    }
}
