//! The key by which a post that is sent again is known (draft-ietf-httpapi-idempotency-key-header).

use super::Mistake;
use crate::limits;

/// An `Idempotency-Key`: 1 to 128 visible ASCII characters; quotes around it do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(written: &[u8]) -> Result<Self, Mistake> {
        let unquoted = written
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
            .unwrap_or(written);
        let fits = (1..=limits::KEY_BYTES).contains(&unquoted.len());
        match std::str::from_utf8(unquoted) {
            Ok(text) if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Mistake::new(
                "Idempotency-Key",
                format!(
                    "The key is not 1 to {} visible ASCII characters; a UUID will do.",
                    limits::KEY_BYTES
                ),
            )),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_count() {
        assert_eq!(Key::new(b"\"k-1\""), Key::new(b"k-1"));
        for bad in [&b""[..], b"\"\"", b"a b", b"\xff", &[b'x'; 129]] {
            assert!(Key::new(bad).is_err(), "{bad:?}");
        }
    }
}
