//! The text of one configuration file, and the lines and columns in it.

use std::ops::Range;

use super::secret::without_passwords;

/// A file's text under the name its reader knows it by.
#[derive(Debug)]
pub(crate) struct Source<'t> {
    /// The file's name as it was given.
    pub(crate) name: &'t str,
    /// The whole text.
    pub(crate) text: &'t str,
    /// The byte offset each line begins at.
    starts: Vec<usize>,
}

/// A place in a file as people and editors count: from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters of this line are meant; 0 when it is a point between two.
    pub length: usize,
}

impl<'t> Source<'t> {
    pub(crate) fn new(name: &'t str, text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { name, text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The place of a span of bytes, cut at the end of its first line. A span outside of the
    /// text, or inside a character, is moved to the nearest place.
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let start = self.floor(span.start);
        let line = self.line_at(start);
        let begin = self.starts.get(line - 1).copied().unwrap_or(0);
        let text = self.line(line);
        let end = self.floor(span.end.max(start)).min(begin + text.len());
        let characters =
            |range: Range<usize>| self.text.get(range).map_or(0, |part| part.chars().count());
        Place { line, column: 1 + characters(begin..start), length: characters(start..end) }
    }

    /// The line of an offset, from 1; cheap however long the line is.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|begin| *begin <= offset).max(1)
    }

    /// The text of a line, from 1, without its line break.
    pub(crate) fn line(&self, line: usize) -> &'t str {
        let begin = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = self.text.get(begin..).unwrap_or_default();
        rest.split('\n').next().unwrap_or_default().trim_end_matches('\r')
    }

    /// As [`Source::line`], fit for messages and logs: without passwords.
    pub(crate) fn shown_line(&self, line: usize) -> String {
        without_passwords(self.line(line))
    }

    /// The section that a place is in, as its header has it without brackets, and the key that is meant
    /// there, as `health.path` within an inline table. Each is empty if there is none. Found by the look
    /// of the lines, since a file with mistakes need not be TOML.
    pub(crate) fn within(&self, place: Place) -> (String, String) {
        let mut key = "";
        let mut section = "";
        for line in (1..=place.line).rev() {
            let text = self.line(line).trim_start();
            if let Some(name) = header(text) {
                section = name;
                break;
            }
            if let Some((name, _)) = text.split_once('=')
                && key.is_empty()
                && is_name(name.trim())
            {
                key = name.trim();
            }
        }
        let line = self.line(place.line);
        let before: String = line.chars().take(place.column.saturating_sub(1)).collect();
        let inner = before.trim_end().strip_suffix('=').map_or("", |before| {
            before.trim_end().rsplit([' ', ',', '{']).next().unwrap_or_default()
        });
        let is_inner = !key.is_empty() && is_name(inner) && inner != key;
        let key = if is_inner { format!("{key}.{inner}") } else { key.to_owned() };
        (section.to_owned(), key)
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// The name in a header, if a line is one rather than part of a list.
fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix("[[").or_else(|| line.strip_prefix('['))?;
    let name = name.split(']').next()?.trim();
    (is_name(name) && name.starts_with(|first: char| first.is_ascii_alphabetic())).then_some(name)
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&text.len()) && text.as_bytes().iter().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_within_a_section_and_at_a_key() {
        let text = "a = 1\n[gateway.limits] # x\nb = 2\nlist = [\n  \"x\",\n  [1],\n]\n[[upstream]]\n\
                    health = { path = \"/\", interval = 0 }\n\u{1}[\n";
        let source = Source::new("f", text);
        let at = |line, column| {
            let (section, key) = source.within(Place { line, column, length: 1 });
            format!("{section}/{key}")
        };
        assert_eq!([at(1, 5), at(2, 1), at(3, 5)], ["/a", "gateway.limits/", "gateway.limits/b"]);
        assert_eq!([at(5, 3), at(6, 4)], ["gateway.limits/list", "gateway.limits/list"]);
        assert_eq!(at(9, 10), "upstream/health");
        assert_eq!([at(9, 19), at(9, 35)], ["upstream/health.path", "upstream/health.interval"]);
        assert_eq!([at(10, 1), at(99, 99)], ["upstream/health", "upstream/health"]);
    }

    #[test]
    fn columns_are_characters_and_spans_stay_on_their_line() {
        let source = Source::new("f", "a = 1\r\nb = \"ñandú\"\nc");
        assert_eq!(source.place(&(0..1)), Place { line: 1, column: 1, length: 1 });
        assert_eq!(source.place(&(4..12)), Place { line: 1, column: 5, length: 1 });
        assert_eq!(source.place(&(11..20)), Place { line: 2, column: 5, length: 7 });
        assert_eq!(source.line(2), "b = \"ñandú\"");
        assert_eq!(source.place(&(21..22)), Place { line: 3, column: 1, length: 1 });
    }

    #[test]
    fn odd_spans_are_moved_to_a_place() {
        let source = Source::new("f", "ñ\n");
        assert_eq!(source.place(&(1..1)), Place { line: 1, column: 1, length: 0 });
        assert_eq!(source.place(&(3..99)), Place { line: 2, column: 1, length: 0 });
        let backwards = Range { start: 99, end: 1 };
        assert_eq!(source.place(&backwards), Place { line: 2, column: 1, length: 0 });
        assert_eq!(Source::new("f", "").place(&(0..0)), Place { line: 1, column: 1, length: 0 });
    }
}
