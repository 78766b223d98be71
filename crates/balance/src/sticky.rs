//! Sticky tokens. Owns the short text that stands for a server in a cookie, and the way back.
//!
//! A token depends on the server's key alone, so it outlives restarts, reloads and a change of the
//! list's order, and every gateway gives the same. It does not spell out the address. It is not a
//! secret either: who guesses an address can compute its token and see that the guess was right.

use crate::hash::mix;

/// Characters of a token: 16 hexadecimal digits.
const LEN: usize = 16;
/// Sets tokens apart from the identities that hashing uses.
const TOKEN: u64 = 0x7374_6963_6b79_2031;

/// The tokens of one upstream's servers.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    texts: Box<[Box<str>]>,
    /// Sorted by token, to find the server of a cookie in O(log servers).
    by_token: Box<[(u64, u16)]>,
}

impl Tokens {
    /// `identities` are distinct; so are the tokens, because mixing is a bijection.
    pub(crate) fn new(identities: &[u64]) -> Tokens {
        let tokens: Vec<u64> = identities.iter().map(|identity| mix(identity ^ TOKEN)).collect();
        let mut by_token: Box<[(u64, u16)]> = tokens.iter().copied().zip(0..=u16::MAX).collect();
        by_token.sort_unstable();
        let text = |token| format!("{token:0LEN$x}").into_boxed_str();
        Tokens { texts: tokens.iter().map(text).collect(), by_token }
    }

    /// The server's token; empty for a server that does not exist.
    pub(crate) fn text(&self, server: usize) -> &str {
        self.texts.get(server).map_or("", |text| text)
    }

    /// The server a token stands for. What is no token of this upstream, be it a stranger's bytes
    /// or the token of a server long gone, is `None`.
    pub(crate) fn server(&self, text: &[u8]) -> Option<usize> {
        let token = parse(text)?;
        let place = self.by_token.binary_search_by_key(&token, |&(token, _)| token).ok()?;
        self.by_token.get(place).map(|&(_, server)| usize::from(server))
    }
}

/// Only the one spelling that is given out is accepted.
fn parse(text: &[u8]) -> Option<u64> {
    if text.len() != LEN {
        return None;
    }
    text.iter().try_fold(0u64, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_token_leads_back_to_its_server() {
        let identities: Vec<u64> = (0..4096).map(|n| n * 0x1_0000_0001).collect();
        let tokens = Tokens::new(&identities);
        for server in 0..4096 {
            assert_eq!(tokens.text(server).len(), LEN);
            assert_eq!(tokens.server(tokens.text(server).as_bytes()), Some(server));
        }
        assert_eq!(tokens.text(4096), "");
    }

    #[test]
    fn another_spelling_is_not_accepted() {
        let tokens = Tokens::new(&[mix(7), 2, 3, 4, 5]);
        let upper = (0..5).map(|server| tokens.text(server).to_uppercase());
        assert!(upper.clone().any(|text| text.contains(char::is_alphabetic)));
        for text in upper.filter(|text| text.contains(char::is_alphabetic)) {
            assert_eq!(tokens.server(text.as_bytes()), None);
        }
        assert_eq!(tokens.server(format!(" {}", tokens.text(0)).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn strange_cookies_are_nobodys(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let tokens = Tokens::new(&[1, 2, 3]);
            let known = (0..3).any(|server| tokens.text(server).as_bytes() == bytes);
            prop_assert_eq!(tokens.server(&bytes).is_some(), known);
        }
    }
}
