//! The name under which a browser saves content: `Content-Disposition` (RFC 6266, RFC 8187).

use std::fmt::Write as _;

use http::HeaderValue;

/// The field's value for a file of this name. Old clients get ASCII letters, all others the name.
pub(crate) fn field(is_attachment: bool, name: &str) -> HeaderValue {
    let kind = if is_attachment { "attachment" } else { "inline" };
    let name = saved_name(name);
    let mut text = format!("{kind}; filename=\"{}\"", ascii(&name));
    if !name.is_ascii() || name.contains(['"', '\\', '%']) {
        let _ = write!(text, "; filename*=UTF-8''{}", encoded(&name));
    }
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

/// A name without what would lead out of a folder or deceive the eye: separators, controls, marks
/// that turn the direction of writing, dots and spaces at its ends.
pub(crate) fn saved_name(name: &str) -> String {
    let kept = name.chars().map(|letter| match letter {
        '/' | '\\' | ':' | '*' | '?' | '<' | '>' | '|' => '_',
        other => other,
    });
    let kept: String = kept.filter(|letter| !letter.is_control() && !turns(*letter)).collect();
    let kept: String = kept.trim_matches([' ', '.']).chars().take(200).collect();
    if kept.is_empty() { "file".to_owned() } else { kept }
}

/// Marks of direction and other letters that cannot be seen.
fn turns(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{061c}' | '\u{2028}' | '\u{2029}')
}

fn ascii(name: &str) -> String {
    let plain = |letter: char| match letter {
        '"' | '\\' | '%' => '_',
        letter if letter.is_ascii_graphic() || letter == ' ' => letter,
        _ => '_',
    };
    name.chars().map(plain).collect()
}

/// Everything but `attr-char` as `%XX` (RFC 8187, section 3.2.1).
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_reach_the_browser() {
        for (name, expected) in [
            ("report.pdf", "attachment; filename=\"report.pdf\""),
            ("a \"b\".txt", "attachment; filename=\"a _b_.txt\"; filename*=UTF-8''a%20%22b%22.txt"),
            (
                "Łódź €.txt",
                "attachment; filename=\"__d_ _.txt\"; \
                filename*=UTF-8''%C5%81%C3%B3d%C5%BA%20%E2%82%AC.txt",
            ),
            ("../../etc/passwd", "attachment; filename=\"_.._etc_passwd\""),
            ("exe\u{202e}gpj.scr", "attachment; filename=\"exegpj.scr\""),
            ("\r\nSet-Cookie: x", "attachment; filename=\"Set-Cookie_ x\""),
            ("..", "attachment; filename=\"file\""),
        ] {
            assert_eq!(field(true, name), expected, "{name}");
        }
        assert_eq!(field(false, "a"), "inline; filename=\"a\"");
    }

    proptest! {
        #[test]
        fn any_name_is_one_field(name: String) {
            let value = field(true, &name);
            let text = value.to_str().unwrap();
            prop_assert!(text.starts_with("attachment; filename=\""));
            prop_assert_eq!(text.matches('"').count(), 2);
        }

        #[test]
        fn saved_names_stay_in_their_folder(name: String) {
            let saved = saved_name(&name);
            prop_assert!(!saved.is_empty() && saved != "." && saved != "..");
            prop_assert!(!saved.contains(['/', '\\', '\0', '\n']));
        }
    }
}
