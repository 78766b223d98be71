//! From a request's path to a name below the root: percent-decoding and what is refused.
//!
//! A pure function. It knows no file system: whether the name exists, and whether a symbolic link
//! leads out of the root, is the business of [`crate::root`].

use crate::limits;

/// A checked name relative to the root, with no way of naming anything outside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestPath {
    /// Decoded segments joined by `/`; empty for the root itself.
    name: Vec<u8>,
    /// Whether the path ended in `/`, which asks for a folder.
    folder: bool,
}

/// Why a path was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathMistake {
    #[error("The path and query are longer than {} bytes.", limits::TARGET_BYTES)]
    TooLong,
    #[error("The path does not begin with a slash.")]
    NotAbsolute,
    #[error("A percent sign in the path is not followed by two hexadecimal digits.")]
    BadEscape,
    #[error("The path holds an encoded slash, a backslash or a control character.")]
    ForbiddenByte,
    #[error("The path holds a . or .. segment.")]
    DotSegment,
    #[error("The path holds two slashes in a row.")]
    EmptySegment,
    /// Names that begin with a dot are never served, except `.well-known` (RFC 8615).
    #[error("There is nothing at this address.")]
    Hidden,
}

impl RequestPath {
    /// Checks and decodes the path of a request target, still percent-encoded and without query.
    /// It is decoded once: `%252e` names a file `%2e`.
    pub(crate) fn parse(path: &[u8]) -> Result<Self, PathMistake> {
        if path.len() > limits::TARGET_BYTES {
            return Err(PathMistake::TooLong);
        }
        let Some((b'/', rest)) = path.split_first() else {
            return Err(PathMistake::NotAbsolute);
        };
        let mut name = Vec::with_capacity(rest.len());
        let mut segments = rest.split(|byte| *byte == b'/').peekable();
        while let Some(segment) = segments.next() {
            if segment.is_empty() {
                // Only the last segment may be empty. A `//` inside is refused rather than
                // collapsed: a redirect to `//host/` would send the visitor to another site.
                if segments.peek().is_some() {
                    return Err(PathMistake::EmptySegment);
                }
                return Ok(Self { name, folder: true });
            }
            if !name.is_empty() {
                name.push(b'/');
            }
            let start = name.len();
            decode(segment, &mut name)?;
            check(name.get(start..).unwrap_or_default())?;
        }
        Ok(Self { name, folder: false })
    }

    /// The name relative to the root, empty for the root itself.
    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether a folder was asked for (`/`, `/docs/`).
    pub(crate) fn is_folder(&self) -> bool {
        self.folder
    }
}

/// Appends the decoded segment.
fn decode(segment: &[u8], into: &mut Vec<u8>) -> Result<(), PathMistake> {
    let mut bytes = segment.iter();
    while let Some(&byte) = bytes.next() {
        let decoded = if byte == b'%' {
            let high = bytes.next().and_then(hex_digit).ok_or(PathMistake::BadEscape)?;
            let low = bytes.next().and_then(hex_digit).ok_or(PathMistake::BadEscape)?;
            high * 16 + low
        } else {
            byte
        };
        if matches!(decoded, b'/' | b'\\' | 0x7f) || decoded < 0x20 {
            return Err(PathMistake::ForbiddenByte);
        }
        into.push(decoded);
    }
    Ok(())
}

fn hex_digit(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Refuses the decoded segments that must not reach the file system.
fn check(segment: &[u8]) -> Result<(), PathMistake> {
    match segment {
        b"." | b".." => Err(PathMistake::DotSegment),
        b".well-known" => Ok(()),
        [b'.', ..] => Err(PathMistake::Hidden),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(path: &str) -> Result<(String, bool), PathMistake> {
        RequestPath::parse(path.as_bytes())
            .map(|path| (String::from_utf8_lossy(path.name()).into_owned(), path.is_folder()))
    }

    #[test]
    fn ordinary_paths_are_decoded() {
        assert_eq!(parsed("/"), Ok((String::new(), true)));
        assert_eq!(parsed("/a.txt"), Ok(("a.txt".into(), false)));
        assert_eq!(parsed("/a/b/"), Ok(("a/b".into(), true)));
        assert_eq!(parsed("/caf%C3%A9%20bar"), Ok(("café bar".into(), false)));
        assert_eq!(parsed("/%252e%252e"), Ok(("%2e%2e".into(), false)), "decoded only once");
        assert_eq!(parsed("/..."), Err(PathMistake::Hidden));
        assert_eq!(parsed("/a..b"), Ok(("a..b".into(), false)));
    }

    #[test]
    fn ways_out_are_refused() {
        for path in ["/..", "/../x", "/a/../b", "/%2e%2e/x", "/.%2E/x", "/a/.", "/%2e/"] {
            assert_eq!(parsed(path), Err(PathMistake::DotSegment), "{path}");
        }
        for path in ["/a%2fb", "/..%2f..%2fetc", "/a%5cb", "/..\\x", "/a%00", "/a%0d%0ab", "/%7f"] {
            assert_eq!(parsed(path), Err(PathMistake::ForbiddenByte), "{path}");
        }
        for path in ["//", "//host/", "/a//b", "/a//"] {
            assert_eq!(parsed(path), Err(PathMistake::EmptySegment), "{path}");
        }
        for path in ["/%", "/%1", "/%zz", "/a%g0", "/%+1", "/%2"] {
            assert_eq!(parsed(path), Err(PathMistake::BadEscape), "{path}");
        }
        assert_eq!(parsed("*"), Err(PathMistake::NotAbsolute));
        assert_eq!(parsed(""), Err(PathMistake::NotAbsolute));
    }

    #[test]
    fn hidden_names_are_refused_except_well_known() {
        for path in ["/.git/config", "/a/.env", "/%2egit/config", "/.well-knownx"] {
            assert_eq!(parsed(path), Err(PathMistake::Hidden), "{path}");
        }
        assert_eq!(
            parsed("/.well-known/security.txt"),
            Ok((".well-known/security.txt".into(), false))
        );
    }

    #[test]
    fn long_paths_are_refused() {
        let long = format!("/{}", "a".repeat(limits::TARGET_BYTES));
        assert_eq!(parsed(&long), Err(PathMistake::TooLong));
    }

    proptest! {
        /// Whatever comes in, a name that comes out cannot leave the root or name a hidden file.
        #[test]
        fn no_name_escapes(path in proptest::collection::vec(
            prop_oneof![Just(b'/'), Just(b'.'), Just(b'%'), Just(b'2'), Just(b'e'), Just(b'f'),
                        Just(b'\\'), any::<u8>()], 0..40)) {
            if let Ok(path) = RequestPath::parse(&path) {
                prop_assert!(!path.name().contains(&0));
                prop_assert!(path.name().first() != Some(&b'/'));
                for segment in path.name().split(|byte| *byte == b'/') {
                    prop_assert!(!segment.starts_with(b".") || segment == b".well-known");
                    prop_assert!(path.name().is_empty() || !segment.is_empty());
                }
            }
        }

        /// Encoding every byte of a harmless name gives the name back.
        #[test]
        fn encoding_is_undone(name in "[a-z][a-z. éñ%&+-]{0,30}") {
            let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let path = RequestPath::parse(format!("/{encoded}").as_bytes());
            prop_assert_eq!(path.map(|path| path.name().to_vec()), Ok(name.into_bytes()));
        }
    }
}
