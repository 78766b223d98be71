//! What may be written to a terminal or a log: one rule for all commands and programs.
//!
//! A terminal obeys control characters (ECMA-48, U+0080 to U+009F included), and many turn the
//! direction of writing at formatting characters (UAX #9). Neither may come from a peer, a file, a
//! name or another process. What a character is, Unicode's General_Category says.

use std::borrow::Cow;
use std::fmt::{self, Write};

use icu_properties::props::{GeneralCategory, PrependedConcatenationMark};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Stands in place of a character that would steer the terminal.
pub const REPLACEMENT: char = '\u{fffd}';

/// Whether a terminal may act on this character instead of showing it. The joiners U+200C and
/// U+200D do not count, some scripts and emoji are written with them; nor do the marks of Arabic and
/// Syriac that are formatting characters by category and have a shape (Prepended_Concatenation_Mark).
#[must_use]
pub fn steers(character: char) -> bool {
    match character {
        ' '..='~' | '\u{200c}' | '\u{200d}' => false,
        _ => match CodePointMapData::<GeneralCategory>::new().get(character) {
            GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => true,
            GeneralCategory::Format => {
                !CodePointSetData::new::<PrependedConcatenationMark>().contains(character)
            }
            _ => false,
        },
    }
}

/// A text as one line: a tab becomes a space, whatever else steers [`REPLACEMENT`].
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |character| if character == '\t' { ' ' } else { REPLACEMENT })
}

/// A text of several lines: line feeds and tabs stay, whatever else steers becomes
/// [`REPLACEMENT`].
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    replaced(text, |character| match character {
        '\n' | '\t' => character,
        _ => REPLACEMENT,
    })
}

/// Appends one line that another process wrote, without its end. Tabs stay; bytes that are not
/// UTF-8 become [`REPLACEMENT`].
pub fn push_line(out: &mut Vec<u8>, written: &[u8]) {
    if written.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return out.extend_from_slice(written);
    }
    let text = String::from_utf8_lossy(written);
    out.extend_from_slice(lines(&text).replace('\n', " ").as_bytes());
}

/// JSON text in which every character that steers is written as `\u` and digits (RFC 8259, section
/// 7): outside of its strings JSON has none but line feeds.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    let escaped = |character: &char| *character != '\n' && steers(*character);
    if !text.chars().any(|character| escaped(&character)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if !escaped(&character) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    Cow::Owned(out)
}

/// A text on one line of a log: what steers is written as an escape of Rust's, `\n` or `\u{1b}`.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match steers(character) {
                true => write!(out, "{}", character.escape_default())?,
                false => out.write_char(character)?,
            }
        }
        Ok(())
    }
}

fn replaced(text: &str, by: impl Fn(char) -> char) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let harmless = |character| if steers(character) { by(character) } else { character };
    Cow::Owned(text.chars().map(harmless).collect())
}

#[cfg(test)]
mod tests {
    use icu_properties::props::BidiControl;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_replaced_and_the_rest_stays() {
        assert_eq!(
            line("a\x1b[2J\u{9b}b\r\n\tc\u{202e}"),
            "a\u{fffd}[2J\u{fffd}b\u{fffd}\u{fffd} c\u{fffd}"
        );
        assert_eq!(lines("a\x07\n\tb\u{2028}"), "a\u{fffd}\n\tb\u{fffd}");
        for text in ["Ana María 👩‍🔬", "हिन्दी", "نستعلیق\u{200c}ها", "\u{600}١٢", "a\u{301}"]
        {
            assert!(matches!(line(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "a": "\u{7f}\u{9b}\u{202e}\u{e0001}x\n" });
        let text = format!("{value:#}");
        let safe = json(&text);
        assert!(!safe.chars().any(|c| c != '\n' && steers(c)), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn a_line_of_another_process_stays_one_line() {
        let mut out = Vec::new();
        push_line(&mut out, b"plain\tline");
        push_line(&mut out, b"\x1b]0;PWNED\x07 \xff\xc2\x9b");
        assert_eq!(out, "plain\tline\u{fffd}]0;PWNED\u{fffd} \u{fffd}\u{fffd}".as_bytes());
    }

    proptest! {
        #[test]
        fn nothing_that_steers_comes_through(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let bidi = CodePointSetData::new::<BidiControl>();
            let bad = |c: char| c.is_control() || bidi.contains(c) || c == '\u{2028}';
            prop_assert!(!line(&text).chars().any(bad));
            prop_assert!(!lines(&text).chars().any(|c| bad(c) && !matches!(c, '\n' | '\t')));
            prop_assert!(!Escaped(&text).to_string().chars().any(bad));
            let mut out = Vec::new();
            push_line(&mut out, &bytes);
            prop_assert!(!String::from_utf8(out).unwrap().chars().any(|c| bad(c) && c != '\t'));
            let value = serde_json::Value::String(text);
            let safe = json(&value.to_string()).into_owned();
            prop_assert!(!safe.chars().any(bad));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }
}
