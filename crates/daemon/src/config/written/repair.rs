//! Closes the lists and tables a writer forgot to close, so that one forgotten bracket does not
//! swallow the rest of the file and hide its other mistakes.
//!
//! Only a line that cannot be inside of a list ends one: a table header, or `key =`.

use std::borrow::Cow;
use std::ops::Range;

/// The text with brackets inserted, and the way back to places in the text as written.
#[derive(Debug)]
pub(crate) struct Repaired<'t> {
    /// The text to parse.
    pub(crate) text: Cow<'t, str>,
    /// The brackets that are never closed.
    pub(crate) unclosed: Vec<Unclosed>,
    /// Where in the repaired text one byte was inserted, in rising order.
    inserted: Vec<usize>,
}

/// A bracket (of a list or table) or two (of a header) that are never closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    /// Where they stand in the text as written.
    pub(crate) span: Range<usize>,
    /// What would close them.
    pub(crate) closer: &'static str,
}

impl Repaired<'_> {
    /// A span of the repaired text as a span of the text as written.
    pub(crate) fn original(&self, span: &Range<usize>) -> Range<usize> {
        let back = |offset: usize| offset - self.inserted.partition_point(|at| *at < offset);
        back(span.start)..back(span.end)
    }
}

/// Inserts what is missing. A text without unclosed brackets comes back as it is.
pub(crate) fn repair(text: &str) -> Repaired<'_> {
    let mut scan = Scan::default();
    for line in text.split_inclusive('\n') {
        scan.line(line);
    }
    scan.give_up();
    let mut inserted = Vec::new();
    if scan.insertions.is_empty() {
        return Repaired { text: Cow::Borrowed(text), unclosed: scan.unclosed, inserted };
    }
    let mut repaired = String::with_capacity(text.len() + scan.insertions.len());
    let mut copied = 0;
    for (at, closer) in scan.insertions {
        repaired.push_str(text.get(copied..at).unwrap_or_default());
        inserted.push(repaired.len());
        repaired.push(closer);
        copied = at;
    }
    repaired.push_str(text.get(copied..).unwrap_or_default());
    Repaired { text: Cow::Owned(repaired), unclosed: scan.unclosed, inserted }
}

/// What the scan is inside of.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// `"..."`, ends with its line.
    Basic,
    /// `'...'`, ends with its line.
    Literal,
    /// `"""..."""`
    LongBasic,
    /// `'''...'''`
    LongLiteral,
}

#[derive(Default)]
struct Scan {
    inside: Inside,
    /// The brackets that are open, with where they stand.
    open: Vec<(u8, usize)>,
    /// The end of the last thing that was neither space nor comment.
    content_end: usize,
    /// The offset of the current line.
    line_start: usize,
    unclosed: Vec<Unclosed>,
    insertions: Vec<(usize, char)>,
}

impl Scan {
    fn line(&mut self, line: &str) {
        let in_text = matches!(self.inside, Inside::LongBasic | Inside::LongLiteral);
        if !in_text {
            self.inside = Inside::Nothing;
            if let Some((innermost, _)) = self.open.last()
                && (is_header(line) || (*innermost == b'[' && is_assignment(line)))
            {
                self.give_up();
            }
            if self.open.is_empty() && line.trim_start().starts_with('[') {
                // A table header: its brackets open no list.
                self.header(line);
                self.line_start += line.len();
                self.content_end = self.line_start;
                return;
            }
        }
        self.bytes(line.as_bytes());
        self.line_start += line.len();
    }

    /// Closes a header that is nothing but brackets and a bare key. What else it may be is left
    /// to the parser.
    fn header(&mut self, line: &str) {
        let content = line.split('#').next().unwrap_or_default().trim_end();
        let start = content.len() - content.trim_start().len();
        let opened = content.bytes().skip(start).take_while(|byte| *byte == b'[').count();
        let closed = content.bytes().rev().take_while(|byte| *byte == b']').count();
        let name = content.get(start + opened..content.len() - closed).unwrap_or_default();
        if opened > 2 || closed >= opened || !is_key(name) {
            return;
        }
        let at = self.line_start + start;
        let closer = if opened == 1 { "]" } else { "]]" };
        self.unclosed.push(Unclosed { span: at..at + opened, closer });
        let end = self.line_start + content.len();
        self.insertions.extend((closed..opened).map(|_| (end, ']')));
    }

    fn bytes(&mut self, line: &[u8]) {
        let mut at = 0;
        while let Some(byte) = line.get(at).copied() {
            let three = line.get(at..at + 3);
            let mut step = 1;
            match (self.inside, byte) {
                (Inside::Nothing, b'#') => return,
                (Inside::Nothing, b'"') if three == Some(b"\"\"\"") => {
                    (self.inside, step) = (Inside::LongBasic, 3);
                }
                (Inside::Nothing, b'\'') if three == Some(b"'''") => {
                    (self.inside, step) = (Inside::LongLiteral, 3);
                }
                (Inside::Nothing, b'"') => self.inside = Inside::Basic,
                (Inside::Nothing, b'\'') => self.inside = Inside::Literal,
                (Inside::Nothing, b'[' | b'{') => self.open.push((byte, self.line_start + at)),
                (Inside::Nothing, b']' | b'}') => self.close(byte),
                (Inside::Basic | Inside::LongBasic, b'\\') => step = 2,
                (Inside::Basic, b'"') | (Inside::Literal, b'\'') => self.inside = Inside::Nothing,
                (Inside::LongBasic, b'"') if three == Some(b"\"\"\"") => {
                    (self.inside, step) = (Inside::Nothing, 3);
                }
                (Inside::LongLiteral, b'\'') if three == Some(b"'''") => {
                    (self.inside, step) = (Inside::Nothing, 3);
                }
                _ => {}
            }
            at += step;
            if !byte.is_ascii_whitespace() {
                self.content_end = self.line_start + at.min(line.len());
            }
        }
    }

    fn close(&mut self, closer: u8) {
        let opener = if closer == b']' { b'[' } else { b'{' };
        if self.open.last().is_some_and(|(open, _)| *open == opener) {
            self.open.pop();
        }
    }

    /// Closes whatever is open behind the last content.
    fn give_up(&mut self) {
        if matches!(self.inside, Inside::LongBasic | Inside::LongLiteral) {
            // The text is what is unclosed; a bracket inside of it would close nothing.
            return;
        }
        while let Some((opener, at)) = self.open.pop() {
            let (closer, inserted) = if opener == b'[' { ("]", ']') } else { ("}", '}') };
            self.unclosed.push(Unclosed { span: at..at + 1, closer });
            self.insertions.push((self.content_end, inserted));
        }
    }
}

/// `[name]` or `[[name.name]]` alone on its line. Never a value: no value is a bare word but
/// those four.
fn is_header(line: &str) -> bool {
    let line = line.trim();
    let Some(inner) = line.strip_prefix('[') else { return false };
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let Some((name, rest)) = inner.split_once(']') else { return false };
    let rest = rest.strip_prefix(']').unwrap_or(rest).trim_start();
    is_key(name) && (rest.is_empty() || rest.starts_with('#'))
}

/// `key =`
fn is_assignment(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, _)| is_key(key))
}

fn is_key(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && !["true", "false", "inf", "nan"].contains(&text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_forgotten_bracket_is_put_where_the_list_ended() {
        let text = "a = [\"x]\" # [\n\nb = 1\n";
        let repaired = repair(text);
        assert_eq!(repaired.text, "a = [\"x]\"] # [\n\nb = 1\n");
        assert_eq!(repaired.unclosed, [Unclosed { span: 4..5, closer: "]" }]);
        let b = repaired.text.find("b =").unwrap();
        assert_eq!(repaired.original(&(b..b + 1)), 15..16);
        assert_eq!(repaired.original(&(4..9)), 4..9);
    }

    #[test]
    fn headers_end_everything_that_is_open() {
        let text = "s = [{ a = \"x\", b = [1\n[[route]]\nc = {\n";
        assert_eq!(repair(text).text, "s = [{ a = \"x\", b = [1]}]\n[[route]]\nc = {}\n");
        assert_eq!(repair(text).unclosed.len(), 4);
    }

    #[test]
    fn headers_are_closed() {
        let text = " [a.b # x\nc = 1\n[[d\n[[e]\n[ f\n";
        let repaired = repair(text);
        assert_eq!(repaired.text, " [a.b] # x\nc = 1\n[[d]]\n[[e]]\n[ f]\n");
        assert_eq!(repaired.unclosed.len(), 4);
        assert_eq!(repaired.unclosed[1], Unclosed { span: 16..18, closer: "]]" });
    }

    #[test]
    fn what_is_well_formed_stays() {
        for text in [
            "a = [\n  1, # ]\n  [2],\n  [true],\n]\n[b]\nc = 1\n",
            "a = \"\"\"\n[x]\ny = [\n\"\"\"\nb = '''\nk = [\n'''\n",
            "a = { b = 1,\n  c = 2 }\n",
            "[ a . b ]\n[[c]] # x\n[\"q[\"]\nd = \"\\\"[\"\n",
        ] {
            let repaired = repair(text);
            assert!(repaired.unclosed.is_empty(), "{text}");
            assert_eq!(repaired.text, text);
        }
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_places(text in "[\\[\\]{}\"'#=ab \n\\\\é]*") {
            let repaired = repair(&text);
            for (at, c) in repaired.text.char_indices() {
                let back = repaired.original(&(at..at + c.len_utf8()));
                prop_assert!(back.end <= text.len());
                if !repaired.inserted.contains(&at) {
                    prop_assert!(text[back.start..].starts_with(c));
                }
            }
        }
    }
}
