//! `tracestate` (section 3.3): a list of `key=value`, each vendor's own. It is passed on as it
//! came, if it is one.

/// Bytes of it that are passed on at most (section 3.3.1.5 asks for 512 at least). A longer one is
/// dropped, which is allowed.
pub const TRACESTATE_BYTES_MAX: usize = 512;

/// Members it may have (section 3.3.1.1).
const MEMBERS_MAX: usize = 32;
const KEY_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 256;

/// Whether the combined value of all `tracestate` fields is one that may be passed on. Empty
/// members are allowed (section 3.3.1.1); a key that is there twice is not.
#[must_use]
pub fn is_state(value: &[u8]) -> bool {
    if value.len() > TRACESTATE_BYTES_MAX {
        return false;
    }
    let members = value.split(|byte| *byte == b',').map(trim).filter(|member| !member.is_empty());
    let mut keys: Vec<&[u8]> = Vec::new();
    for member in members {
        let Some(at) = member.iter().position(|byte| *byte == b'=') else { return false };
        let (key, value) = member.split_at(at);
        let value = value.get(1..).unwrap_or_default();
        if keys.len() >= MEMBERS_MAX || keys.contains(&key) || !is_key(key) || !is_value(value) {
            return false;
        }
        keys.push(key);
    }
    true
}

fn trim(member: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let from = member.iter().position(|byte| !is_blank(byte)).unwrap_or(member.len());
    let to = member.iter().rposition(|byte| !is_blank(byte)).map_or(from, |last| last + 1);
    member.get(from..to).unwrap_or_default()
}

/// Lower-case letters, digits and `_-*/`, beginning with a letter or digit; perhaps `@` once.
fn is_key(key: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        let is_begin = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_rest = |byte: &u8| is_begin(byte) || b"_-*/".contains(byte);
        part.first().is_some_and(is_begin) && part.iter().all(is_rest)
    };
    let mut parts = key.split(|byte| *byte == b'@');
    let (tenant, system, more) = (parts.next(), parts.next(), parts.next());
    key.len() <= KEY_BYTES_MAX
        && more.is_none()
        && tenant.is_some_and(is_part)
        && system.is_none_or(is_part)
}

/// Visible ASCII and blanks, without `,` and `=`, not ending in a blank.
fn is_value(value: &[u8]) -> bool {
    let is_good = |byte: &u8| (0x20..0x7f).contains(byte) && !b",=".contains(byte);
    value.len() <= VALUE_BYTES_MAX
        && value.iter().all(is_good)
        && value.last().is_some_and(|last| *last != b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn section_3_3_1_lists_of_members_are_states() {
        let many = (0..32).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        for good in [
            "",
            "rojo=00f067aa0ba902b7",
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
            "rojo=1 , , congo=2",
            "fw529a3039@dt=FfAAAAA",
            "0a=b c",
            &many,
        ] {
            assert!(is_state(good.as_bytes()), "{good}");
        }
        let more = format!("{many},one=more");
        let long = format!("a={}", "x".repeat(257));
        let longer = format!("a={},b={}", "x".repeat(255), "x".repeat(255));
        for bad in [
            "rojo", "=1", "rojo=", "Rojo=1", "rojo=a=b", "a@b@c=1", "@b=1", "a@=1", "a=1,a=2",
            "a=\u{7f}", "a=ñ", "-a=1", &more, &long, &longer,
        ] {
            assert!(!is_state(bad.as_bytes()), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = is_state(&bytes);
        }

        #[test]
        fn what_joins_two_states_with_other_keys_is_one(a in "[a-f]{1,9}", b in "[g-k]{1,9}") {
            let joined = format!("{}=1,{}=2", a, b);
            prop_assert!(is_state(joined.as_bytes()));
        }
    }
}
