//! The Forwarded field (RFC 7239 section 4): whether it can be read at all. What it says is not
//! looked at.

use crate::connection::trim_whitespace;
use crate::framing::is_token;

/// Whether `value` is a list of elements as RFC 7239 has them: pairs of a name and a token or quoted
/// string, with `;` between pairs and `,` between elements.
///
/// In a value that is not, what one hop appends may look like a part of what another has written:
/// behind a quotation mark that never closes, say.
pub fn is_forwarded(value: &[u8]) -> bool {
    let mut rest = trim_whitespace(value);
    while !rest.is_empty() {
        // Empty elements and pairs are allowed (RFC 9110 section 5.6.1).
        if let [b',' | b';', tail @ ..] = rest {
            rest = trim_whitespace(tail);
            continue;
        }
        let Some(after) = after_pair(rest) else { return false };
        rest = trim_whitespace(after);
        if !matches!(rest, [] | [b',' | b';', ..]) {
            return false;
        }
    }
    true
}

/// The values of one parameter in a list of elements, in their order, without the quotation marks around
/// them; up to where `value` is no such list.
pub fn forwarded_parameters<'v>(value: &'v [u8], name: &'v [u8]) -> impl Iterator<Item = &'v [u8]> {
    let mut rest = value;
    std::iter::from_fn(move || {
        loop {
            while let [b',' | b';' | b' ' | b'\t', tail @ ..] = rest {
                rest = tail;
            }
            let pair = rest;
            rest = after_pair(rest)?;
            let pair = pair.get(..pair.len().saturating_sub(rest.len()))?;
            let equals = pair.iter().position(|&byte| byte == b'=')?;
            let (found, value) = (pair.get(..equals)?, pair.get(equals.saturating_add(1)..)?);
            if found.eq_ignore_ascii_case(name) {
                let inner = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\""));
                return Some(inner.unwrap_or(value));
            }
        }
    })
}

/// What follows a pair at the beginning of `rest`.
fn after_pair(rest: &[u8]) -> Option<&[u8]> {
    let equals = rest.iter().position(|&byte| byte == b'=')?;
    let (name, value) = rest.split_at_checked(equals)?;
    if !is_token(name) {
        return None;
    }
    match value.get(1..)? {
        [b'"', quoted @ ..] => after_quoted(quoted),
        token => {
            let end = |byte: &u8| matches!(byte, b',' | b';' | b' ' | b'\t');
            let length = token.iter().position(end).unwrap_or(token.len());
            let (token, after) = token.split_at_checked(length)?;
            is_token(token).then_some(after)
        }
    }
}

/// What follows the end of a quoted string (RFC 9110 section 5.6.4).
fn after_quoted(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'\t' | b' '..=b'~' | 0x80.., tail @ ..]
            | [b'\t' | b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' | 0x80.., tail @ ..] => rest = tail,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{forwarded_parameters, is_forwarded};

    #[test]
    fn the_values_of_a_parameter() {
        let hosts = |value: &str| -> Vec<String> {
            let found = forwarded_parameters(value.as_bytes(), b"host");
            found.map(|host| String::from_utf8_lossy(host).into_owned()).collect()
        };
        assert_eq!(hosts("for=a;Host=\"b:1\";proto=http, , host=c"), ["b:1", "c"]);
        assert!(hosts("for=\"host=x\"").is_empty());
        assert_eq!(hosts("host=a, ="), ["a"]);
        assert!(hosts("").is_empty() && hosts("=").is_empty());
    }

    #[test]
    fn rfc7239_4_examples_and_what_hops_write() {
        for good in [
            "for=\"_gazonk\"",
            "For=\"[2001:db8:cafe::17]:4711\"",
            "for=192.0.2.60;proto=http;by=203.0.113.43",
            "for=192.0.2.43, for=198.51.100.17",
            "for=a;host=\"b;c,d\\\"e\";proto=http",
            "for=a; proto=http , for=b",
            "for=a,,for=b;",
            "",
        ] {
            assert!(is_forwarded(good.as_bytes()), "{good}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        for bad in [
            "for=9.9.9.9;x=\"",
            "for=\"a\\",
            "for=\"a\"b",
            "for=[::1]",
            "for=1.2.3.4:80",
            "for",
            "=a",
            "for=",
            "for =a",
            "for=a b=c",
            "for=\"a\u{1}\"",
        ] {
            assert!(!is_forwarded(bad.as_bytes()), "{bad}");
        }
    }
}
