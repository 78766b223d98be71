//! Texts that strangers write and others read: names, titles, tags.

/// A text on one line, without what cannot be seen: controls become spaces, spaces are joined, marks
/// that turn the direction of writing go, and it is cut to so many characters.
pub(crate) fn displayed(text: &str, most_chars: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most_chars.saturating_mul(4)));
    let mut chars = 0_usize;
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        let mut letters = word.chars().filter(|letter| !is_hidden(*letter)).peekable();
        if letters.peek().is_some() && chars > 0 {
            shown.push(' ');
            chars = chars.saturating_add(1);
        }
        for letter in letters {
            if chars >= most_chars {
                return shown.trim_end().to_owned();
            }
            shown.push(letter);
            chars = chars.saturating_add(1);
        }
    }
    shown
}

/// A text of several lines, with the same care.
pub(crate) fn displayed_lines(text: &str, most_chars: usize) -> String {
    let kept = text.chars().filter(|letter| {
        !is_hidden(*letter) && (!letter.is_control() || matches!(letter, '\n' | '\t'))
    });
    kept.take(most_chars).collect::<String>().trim().to_owned()
}

/// Marks of direction and letters without a shape.
pub(crate) fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_goes() {
        assert_eq!(displayed("  a\r\n\tb\u{0}c ", 10), "a b c");
        assert_eq!(displayed("x\u{202e}gpj.exe", 20), "xgpj.exe");
        assert_eq!(displayed("abcdef", 3), "abc");
        assert_eq!(displayed_lines(" a\n\u{7}b\u{feff} ", 10), "a\nb");
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: String, most in 0..50_usize) {
            let shown = displayed(&text, most);
            prop_assert!(shown.chars().count() <= most);
            prop_assert!(!shown.contains(char::is_control));
            prop_assert_eq!(displayed(&shown, most), shown);
        }
    }
}
