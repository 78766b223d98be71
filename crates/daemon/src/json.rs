//! Messages in JSON, as they arrive: an object or an error.
//!
//! What serde derives for a struct also takes an array with the fields in their order. No protocol of
//! ours says so, and a later version that adds or moves a field would read it as something else.

use serde::de::{DeserializeOwned, Error as _};
use serde_json::Error;

/// Reads one JSON object (RFC 8259, section 4).
///
/// # Errors
/// When it is not JSON, not an object, or not the one that is expected.
pub fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let first = bytes.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    if first.is_some_and(|byte| *byte != b'{') {
        // What is no JSON at all is said to be just that.
        serde_json::from_slice::<serde::de::IgnoredAny>(bytes)?;
        return Err(Error::custom("an object is expected, {\"member\": value, ...}"));
    }
    serde_json::from_slice(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Body {
        author: String,
        text: Option<String>,
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    enum Said {
        Typing { author: String },
    }

    #[test]
    fn an_object_is_read_and_nothing_else() {
        let body = object::<Body>(b" {\"author\":\"Ana\"}\n").unwrap();
        assert_eq!(body, Body { author: "Ana".into(), text: None });
        assert!(object::<Said>(br#"{"type":"typing","author":"Ana"}"#).is_ok());
        for array in [&br#"["Ana","x"]"#[..], b" [\"typing\",\"Ana\"]", b"7", b"null", b"\"x\""] {
            let error = object::<Body>(array).unwrap_err();
            assert!(error.is_data() && error.to_string().contains("an object"), "{error}");
            assert!(object::<Said>(array).is_err());
        }
        assert!(object::<Body>(b"nonsense").unwrap_err().is_syntax());
        assert!(object::<Body>(b"").unwrap_err().is_eof());
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in any::<Vec<u8>>()) {
            let _ = object::<Body>(&bytes);
        }
    }
}
