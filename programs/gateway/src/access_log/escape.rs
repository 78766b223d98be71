//! Making a client's bytes harmless. Owns the two ways to write bytes that anybody may have chosen
//! such that a line stays one line, a field stays one field, and a terminal that shows them does
//! nothing else.

use tombolo_daemon::terminal::steers;

/// Appends the content of a JSON string (RFC 8259, section 7) without its quotation marks. Always
/// valid UTF-8: what is not becomes U+FFFD. Control characters, those of Unicode that end lines or
/// turn the direction of writing included, are written as `\u`.
pub(super) fn json(line: &mut Vec<u8>, bytes: &[u8]) {
    let plain = plain_prefix(bytes, |byte| byte >= 0x7f);
    let (plain, rest) = bytes.split_at_checked(plain).unwrap_or((bytes, &[]));
    line.extend_from_slice(plain);
    for part in rest.utf8_chunks() {
        part.valid().chars().for_each(|character| json_char(line, character));
        if !part.invalid().is_empty() {
            line.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn json_char(line: &mut Vec<u8>, character: char) {
    match character {
        '"' => line.extend_from_slice(b"\\\""),
        '\\' => line.extend_from_slice(b"\\\\"),
        '\n' => line.extend_from_slice(b"\\n"),
        '\r' => line.extend_from_slice(b"\\r"),
        '\t' => line.extend_from_slice(b"\\t"),
        _ if steers(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                line.extend_from_slice(b"\\u");
                let [high, low] = unit.to_be_bytes();
                hex(line, high, b"0123456789abcdef");
                hex(line, low, b"0123456789abcdef");
            }
        }
        _ => line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Appends a field of the common and combined forms: quotation mark, backslash and everything that
/// is not printable ASCII as `\xHH`.
pub(super) fn quoted(line: &mut Vec<u8>, bytes: &[u8]) {
    escaped(line, bytes, |byte| byte >= 0x7f);
}

/// The same for a field that no quotation marks enclose: spaces are escaped too.
pub(super) fn bare(line: &mut Vec<u8>, bytes: &[u8]) {
    escaped(line, bytes, |byte| byte >= 0x7f || byte == b' ');
}

fn escaped(line: &mut Vec<u8>, mut bytes: &[u8], unwelcome: impl Fn(u8) -> bool) {
    loop {
        let plain = plain_prefix(bytes, &unwelcome);
        let (plain, rest) = bytes.split_at_checked(plain).unwrap_or((bytes, &[]));
        line.extend_from_slice(plain);
        let Some((&byte, rest)) = rest.split_first() else { return };
        line.extend_from_slice(b"\\x");
        hex(line, byte, b"0123456789ABCDEF");
        bytes = rest;
    }
}

fn hex(line: &mut Vec<u8>, byte: u8, digits: &[u8; 16]) {
    for half in [byte >> 4, byte & 15] {
        line.extend(digits.get(usize::from(half)));
    }
}

/// How many bytes from the start need no escape: no control byte, quotation mark or backslash, nor
/// what the form finds `unwelcome` besides. Sixteen at a time, which the compiler turns into vector
/// instructions.
fn plain_prefix(bytes: &[u8], unwelcome: impl Fn(u8) -> bool) -> usize {
    let stops = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\') | unwelcome(byte);
    let (blocks, _) = bytes.as_chunks::<16>();
    let plain_blocks =
        blocks.iter().take_while(|block| !block.iter().fold(false, |any, &byte| any | stops(byte)));
    let start = 16 * plain_blocks.count();
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|&byte| stops(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(escape: impl Fn(&mut Vec<u8>, &[u8]), bytes: &[u8]) -> String {
        let mut line = Vec::new();
        escape(&mut line, bytes);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn json_escapes_what_it_must_and_leaves_the_rest() {
        assert_eq!(text(json, b"/a?b=c&d=%20~"), "/a?b=c&d=%20~");
        assert_eq!(
            text(json, b"a\"b\\c\nd\re\tf\0\x1b[31m\x7f"),
            r#"a\"b\\c\nd\re\tf\u0000\u001b[31m\u007f"#
        );
        assert_eq!(text(json, "ñ😀 中".as_bytes()), "ñ😀 中");
        assert_eq!(
            text(json, "\u{9b}\u{2028}\u{202e}\u{2066}".as_bytes()),
            r"\u009b\u2028\u202e\u2066"
        );
        assert_eq!(text(json, b"a\xffb\xf0\x9f\x98"), "a\u{fffd}b\u{fffd}");
        assert_eq!(
            text(json, b"a plain line of more than sixteen bytes\n"),
            r"a plain line of more than sixteen bytes\n"
        );
    }

    #[test]
    fn the_older_forms_escape_all_but_printable_ascii() {
        assert_eq!(text(quoted, b"a \"b\" \\ \r\n\x7f"), r"a \x22b\x22 \x5C \x0D\x0A\x7F");
        assert_eq!(text(quoted, "ñ".as_bytes()), r"\xC3\xB1");
        assert_eq!(text(bare, b"two words"), r"two\x20words");
    }

    proptest! {
        #[test]
        fn json_text_reads_back_as_what_was_sent(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let written = text(json, &bytes);
            let read: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();
            prop_assert_eq!(read, String::from_utf8_lossy(&bytes));
            prop_assert!(!written.chars().any(char::is_control));
        }

        #[test]
        fn quoted_text_is_printable_and_can_be_undone(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let written = text(quoted, &bytes);
            prop_assert!(written.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'"'));
            let mut read = Vec::new();
            let mut rest = written.as_str();
            while let Some(byte) = rest.bytes().next() {
                if let Some(hex) = rest.strip_prefix("\\x") {
                    read.push(u8::from_str_radix(&hex[..2], 16).unwrap());
                    rest = &hex[2..];
                } else {
                    read.push(byte);
                    rest = &rest[1..];
                }
            }
            prop_assert_eq!(read, bytes);
        }
    }
}
