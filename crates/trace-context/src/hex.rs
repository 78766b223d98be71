//! Lower-case hexadecimal, which is all that `traceparent` knows.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The number that `text` spells with exactly `digits` lower-case digits.
pub(crate) fn parse(text: &[u8], digits: usize) -> Option<u128> {
    if text.len() != digits || digits > 32 {
        return None;
    }
    text.iter().try_fold(0_u128, |number, digit| {
        let value = DIGITS.iter().position(|known| known == digit)?;
        Some(number << 4 | value as u128)
    })
}

/// Spells a number with as many digits as `out` has room for.
pub(crate) fn write(mut number: u128, out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        let digit = DIGITS.get((number & 0xf) as usize);
        *place = digit.copied().unwrap_or(b'0');
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(number: u128) {
            let mut text = [0; 32];
            write(number, &mut text);
            prop_assert_eq!(parse(&text, 32), Some(number));
            prop_assert_eq!(std::str::from_utf8(&text).unwrap(), format!("{number:032x}"));
        }
    }

    #[test]
    fn only_lower_case_of_the_right_length_is_hexadecimal() {
        assert_eq!(parse(b"0f", 2), Some(15));
        for bad in [&b"0F"[..], b"0", b"000", b"0g", b"", b"+1", b" 1"] {
            assert_eq!(parse(bad, 2), None, "{bad:?}");
        }
    }
}
