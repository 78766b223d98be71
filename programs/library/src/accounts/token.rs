//! A session's token: 256 random bits that only their owner has.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tombolo_storage::Value;

/// What every token begins with, so that searches for leaked secrets find it.
const PREFIX: &str = "tml_";
const BYTES: usize = 32;
/// So many characters are 256 bits.
const CHARACTERS: usize = 43;

/// A token as its owner has it. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

/// What the database knows a token by: its SHA-256. Guessing a token from it means trying 2^256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenHash([u8; 32]);

impl Token {
    /// A new one, of the system's random numbers.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// A token that a client sent; None if it cannot be one.
    pub(crate) fn sent(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (rest.len() == CHARACTERS && rest.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The whole token: for its owner, and nobody else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What the database knows it by.
    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TokenHash(…)")
    }
}

impl From<TokenHash> for Value {
    fn from(hash: TokenHash) -> Value {
        Value::from(hash.0.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_is_never_shown_and_reads_back() {
        let token = Token::new().unwrap();
        assert_eq!(Token::sent(token.expose()), Some(token.clone()));
        assert_ne!(token, Token::new().unwrap());
        assert!(!format!("{token:?} {:?}", token.hash()).contains(&token.expose()[4..10]));
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "(tml_)?.{0,50}") {
            if let Some(token) = Token::sent(&text) {
                prop_assert_eq!(token.expose(), text);
            }
        }
    }
}
