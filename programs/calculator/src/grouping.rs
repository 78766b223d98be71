//! Commas in numbers: they group digits by three, as in `1,000,000`, and do nothing else. Whoever
//! writes `3,5` means three and a half, and must not get 35.

/// What is wrong with the first number that has a comma out of place; None if there is none.
/// Quoted texts are passed over.
pub(crate) fn mistake(expression: &str) -> Option<String> {
    let bytes = expression.as_bytes();
    let mut at = 0;
    let mut before = b' ';
    while let Some(byte) = bytes.get(at).copied() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = if byte == b'"' && !before.is_ascii_digit() {
            quoted(rest)
        } else if begins_number(rest, before) {
            let (length, is_good) = number(rest);
            if !is_good {
                return Some(words(expression.get(at..at + length).unwrap_or_default()));
            }
            length
        } else {
            1
        };
        at += length;
        before = bytes.get(at.saturating_sub(1)).copied().unwrap_or(b' ');
    }
    None
}

/// The length of a text in quotation marks; 1 if it has no end.
fn quoted(bytes: &[u8]) -> usize {
    let end = bytes.iter().skip(1).position(|byte| *byte == b'"');
    end.map_or(1, |end| end + 2)
}

fn begins_number(bytes: &[u8], before: u8) -> bool {
    let is_within = before.is_ascii_alphanumeric() || matches!(before, b'_' | b'.');
    match bytes {
        [b'0'..=b'9', ..] => !is_within,
        [b'.', b'0'..=b'9', ..] => !is_within,
        _ => false,
    }
}

/// How long a number is, and whether its commas are where they may be: in the whole part, between
/// groups of three digits.
fn number(bytes: &[u8]) -> (usize, bool) {
    let whole = run(bytes);
    let digits = bytes.get(..whole).unwrap_or_default();
    let mut length = whole;
    let mut is_good = is_grouped(digits);
    let rest = bytes.get(length..).unwrap_or_default();
    if let [b'.', decimals @ ..] = rest {
        let decimals = run(decimals);
        is_good &= !has_comma(rest.get(..=decimals).unwrap_or_default());
        length += 1 + decimals;
    }
    let rest = bytes.get(length..).unwrap_or_default();
    let sign = usize::from(matches!(rest, [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..]));
    if matches!(rest, [b'e' | b'E', b'0'..=b'9', ..]) || sign == 1 {
        let exponent = 1 + sign + run(rest.get(1 + sign..).unwrap_or_default());
        is_good &= !has_comma(rest.get(..exponent).unwrap_or_default());
        length += exponent;
    }
    (length, is_good)
}

/// Digits, underscores, and commas between digits.
fn run(bytes: &[u8]) -> usize {
    let mut length = 0;
    loop {
        length += match bytes.get(length..) {
            Some([b'0'..=b'9' | b'_', ..]) => 1,
            Some([b',', b'0'..=b'9', ..]) if length > 0 => 1,
            _ => return length,
        };
    }
}

fn has_comma(bytes: &[u8]) -> bool {
    bytes.contains(&b',')
}

fn is_grouped(digits: &[u8]) -> bool {
    if !has_comma(digits) {
        return true;
    }
    let mut groups = digits.split(|byte| *byte == b',');
    let is_plain = |group: &[u8]| group.iter().all(u8::is_ascii_digit);
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && is_plain(first)
        && groups.all(|group| group.len() == 3 && is_plain(group))
}

fn words(number: &str) -> String {
    let advice = match number.split_once(',') {
        Some((whole, rest)) if !rest.contains([',', '.']) && !whole.contains('.') => {
            format!("write {whole}.{rest} for a decimal number")
        }
        _ => "leave the commas out, and write decimals with a point".to_owned(),
    };
    format!("commas group digits by three, as in 1,000, and {number} has one elsewhere: {advice}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_of_three_are_good_and_nothing_else() {
        for good in [
            "1",
            "1,000",
            "12,345,678",
            "1,000.5",
            "2 + 1,000 km",
            "1_000",
            "\"3,5\" ",
            "sqrt 4",
            "(1,000)",
            "1,000,000 / 3",
            "0x1f",
            "a1,5",
            "1, 2",
            "5' 10\"",
            "",
            ",",
            "é1,000",
        ] {
            assert_eq!(mistake(good), None, "{good}");
        }
        for (bad, number) in [
            ("3,5+1", "3,5"),
            ("1,00", "1,00"),
            ("12,34", "12,34"),
            ("1,2345", "1,2345"),
            ("1234,567", "1234,567"),
            ("1,000,00", "1,000,00"),
            ("1.5,000", "1.5,000"),
            ("2*(.5,3)", ".5,3"),
            ("1e1,000", "1e1,000"),
            ("1e-1,000 m", "1e-1,000"),
            ("1_0,000", "1_0,000"),
            ("2 kg + 3,5 kg", "3,5"),
        ] {
            let words = mistake(bad).unwrap_or_else(|| panic!("{bad}"));
            assert!(words.contains(&format!("and {number} has one")), "{bad}: {words}");
        }
        assert!(mistake("3,5").unwrap().ends_with("write 3.5 for a decimal number"));
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "[0-9,._ e\"x+-]{0,40}|\\PC{0,40}") {
            let _ = mistake(&text);
        }

        #[test]
        fn a_number_written_with_groups_is_good(number in any::<u64>()) {
            let digits = number.to_string();
            let mut text = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            prop_assert_eq!(mistake(&text), None);
        }
    }
}
