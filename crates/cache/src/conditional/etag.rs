//! Entity tags (RFC 9110 section 8.8.3) and their comparison.
//!
//! A tag without its quotes is no entity tag, but servers send them and get them back, so it is
//! compared as it stands; it counts as weak, and so never joins bytes.

use crate::message::trim;

/// Whether the tag is well-formed and strong.
pub fn is_strong(tag: &[u8]) -> bool {
    opaque(tag).is_some()
}

/// Strong comparison (RFC 9110 section 8.8.3.2): both strong, and the same.
pub fn strong_match(one: &[u8], other: &[u8]) -> bool {
    is_strong(one) && one == other
}

/// Weak comparison (RFC 9110 section 8.8.3.2): the same but for the mark of weakness.
pub fn weak_match(one: &[u8], other: &[u8]) -> bool {
    without_weakness(one) == without_weakness(other)
}

fn without_weakness(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// What is between the quotes of a strong tag.
fn opaque(tag: &[u8]) -> Option<&[u8]> {
    let [b'"', inside @ .., b'"'] = tag else { return None };
    inside.iter().all(|&byte| byte == 0x21 || (byte >= 0x23 && byte != 0x7f)).then_some(inside)
}

/// Whether the tag is well-formed, weak or strong.
pub(crate) fn is_well_formed(tag: &[u8]) -> bool {
    opaque(without_weakness(tag)).is_some()
}

/// The tags of a list. In them a backslash is a letter like others, so this is not the walk
/// through quoted strings.
pub(crate) fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = list;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let mut quoted = false;
            let end = rest.iter().position(|&byte| {
                quoted ^= byte == b'"';
                byte == b',' && !quoted
            });
            let end = end.unwrap_or(rest.len());
            let tag = trim(rest.get(..end).unwrap_or_default());
            rest = rest.get(end + 1..).unwrap_or_default();
            if !tag.is_empty() {
                return Some(tag);
            }
        }
    })
}
