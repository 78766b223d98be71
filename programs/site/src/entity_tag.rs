//! Entity tags (RFC 9110, section 8.8.3): made, written, read and compared.
//!
//! How a tag is derived from content is the business of [`crate::content_hash`].

/// The tag of a representation we serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag {
    weak: bool,
    /// Without its quotes.
    opaque: String,
}

impl EntityTag {
    /// A strong tag. `opaque` must be of the grammar's `etagc`; ours are letters, digits and `-`.
    pub(crate) fn strong(opaque: String) -> Self {
        Self { weak: false, opaque }
    }

    /// A weak tag.
    pub(crate) fn weak(opaque: String) -> Self {
        Self { weak: true, opaque }
    }

    /// The field value: `"opaque"` or `W/"opaque"`.
    pub(crate) fn field_value(&self) -> String {
        format!("{}\"{}\"", if self.weak { "W/" } else { "" }, self.opaque)
    }

    /// Whether equal tags mean equal bytes.
    pub(crate) fn is_strong(&self) -> bool {
        !self.weak
    }

    /// Strong comparison: the same octets, and neither is weak.
    fn strongly_equals(&self, other: &Written<'_>) -> bool {
        !self.weak && !other.weak && self.opaque.as_bytes() == other.opaque
    }

    /// Weak comparison: the same octets.
    fn weakly_equals(&self, other: &Written<'_>) -> bool {
        self.opaque.as_bytes() == other.opaque
    }

    /// Whether an `If-Match` field holds: `*`, or a tag that is strongly equal. A malformed field
    /// names nothing we have, so it does not hold.
    pub(crate) fn satisfies_if_match(&self, field: &[u8]) -> bool {
        any_tag(field, |tag| self.strongly_equals(tag))
    }

    /// Whether an `If-None-Match` field names this tag: `*`, or a tag that is weakly equal. A
    /// malformed field names none, so the answer is sent in full.
    pub(crate) fn named_by_if_none_match(&self, field: &[u8]) -> bool {
        any_tag(field, |tag| self.weakly_equals(tag))
    }

    /// Whether the tag of an `If-Range` field is strongly equal. It is one tag, not a list.
    pub(crate) fn equals_if_range(&self, field: &[u8]) -> bool {
        match read_tag(field) {
            Some((tag, b"")) => self.strongly_equals(&tag),
            _ => false,
        }
    }
}

/// A tag as a client wrote it.
struct Written<'a> {
    weak: bool,
    opaque: &'a [u8],
}

/// Whether a field is `*`, or a well-formed list with a tag that fits.
fn any_tag(field: &[u8], fits: impl Fn(&Written<'_>) -> bool) -> bool {
    let mut rest = field.trim_ascii();
    if rest == b"*" {
        return true;
    }
    let mut found = false;
    loop {
        while let Some((b',' | b' ' | b'\t', after)) = rest.split_first() {
            rest = after;
        }
        if rest.is_empty() {
            return found;
        }
        let Some((tag, after)) = read_tag(rest) else {
            return false;
        };
        found |= fits(&tag);
        rest = after.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return false;
        }
    }
}

/// Reads one tag from the front. A comma may be part of it, so a list cannot just be split.
fn read_tag(field: &[u8]) -> Option<(Written<'_>, &[u8])> {
    let (weak, rest) = match field.strip_prefix(b"W/") {
        Some(rest) => (true, rest),
        None => (false, field),
    };
    let rest = rest.strip_prefix(b"\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let (opaque, rest) = rest.split_at_checked(end)?;
    let etagc = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff);
    opaque.iter().all(etagc).then_some((Written { weak, opaque }, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag() -> EntityTag {
        EntityTag::strong("abc".into())
    }

    #[test]
    fn written_as_the_grammar_says() {
        assert_eq!(tag().field_value(), "\"abc\"");
        assert_eq!(EntityTag::weak("abc".into()).field_value(), "W/\"abc\"");
    }

    #[test]
    fn if_match_compares_strongly() {
        for field in ["*", " * ", "\"abc\"", "\"x\",\"abc\"", "\"a,b\" , \"abc\"", ",\"abc\","] {
            assert!(tag().satisfies_if_match(field.as_bytes()), "{field}");
        }
        for field in
            ["", "\"x\"", "W/\"abc\"", "abc", "\"abc", "\"abc\" \"x\"", "*,\"x\"", "\"abc\",junk"]
        {
            assert!(!tag().satisfies_if_match(field.as_bytes()), "{field}");
        }
        assert!(!EntityTag::weak("abc".into()).satisfies_if_match(b"\"abc\""));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for field in ["*", "\"abc\"", "W/\"abc\"", "W/\"x\", W/\"abc\""] {
            assert!(tag().named_by_if_none_match(field.as_bytes()), "{field}");
        }
        for field in ["\"x\"", "w/\"abc\"", "\"ABC\"", "\"a bc\""] {
            assert!(!tag().named_by_if_none_match(field.as_bytes()), "{field}");
        }
    }

    #[test]
    fn if_range_takes_one_strong_tag() {
        assert!(tag().equals_if_range(b"\"abc\""));
        for field in ["W/\"abc\"", "\"abc\",\"x\"", "*", "\"x\""] {
            assert!(!tag().equals_if_range(field.as_bytes()), "{field}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(field in proptest::collection::vec(any::<u8>(), 0..60)) {
            tag().satisfies_if_match(&field);
            tag().named_by_if_none_match(&field);
            tag().equals_if_range(&field);
        }
    }
}
