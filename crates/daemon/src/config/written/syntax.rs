//! TOML 1.1 with every syntax mistake in it, each in words for the file's writer.

use std::collections::HashMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::repair::Repaired;

/// A syntax mistake: where in the text as written, what, and what to do.
#[derive(Debug)]
pub(crate) struct SyntaxMistake {
    pub(crate) span: Range<usize>,
    pub(crate) words: String,
    pub(crate) hint: String,
    /// Whether its line was repaired, so that the rest of it can be read.
    pub(crate) repaired: bool,
    /// The first of two that are the same.
    pub(crate) first: Option<Range<usize>>,
}

/// Parses what can be parsed; the rest are mistakes.
/// `written` is the text before its repair.
pub(crate) fn parse<'r>(
    repaired: &'r Repaired<'_>,
    written: &str,
) -> (DeTable<'r>, Vec<SyntaxMistake>) {
    let (table, errors) = DeTable::parse_recoverable(&repaired.text);
    let unclosed = repaired.unclosed.iter().map(|unclosed| SyntaxMistake {
        span: unclosed.span.clone(),
        words: "this bracket is never closed".to_owned(),
        hint: format!("close it with {}", unclosed.closer),
        repaired: true,
        first: None,
    });
    let errors = errors.into_iter().map(|error| {
        let span = error.span().unwrap_or(0..0);
        let found = repaired.text.get(span.clone()).unwrap_or_default();
        let (words, hint) = explain(error.message(), found);
        let first = match error.message() {
            "duplicate key" => first_of(table.get_ref(), found, span.start),
            _ => None,
        };
        let first = first.map(|span| repaired.original(&span));
        SyntaxMistake { span: repaired.original(&span), words, hint, repaired: false, first }
    });
    let mistakes = with_lost_quotes_once(unclosed.chain(errors).collect(), written);
    (table.into_inner(), mistakes)
}

/// A lost quotation mark turns everything behind it inside out: commas and brackets seem to be
/// missing that are there. All mistakes of such a line become the one that the writer made. Each
/// line is looked at once: a file may be one long line of mistakes.
fn with_lost_quotes_once(mistakes: Vec<SyntaxMistake>, written: &str) -> Vec<SyntaxMistake> {
    let ends = written.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at);
    let starts: Vec<usize> = std::iter::once(0).chain(ends.map(|end| end + 1)).collect();
    let mut known: HashMap<usize, Option<usize>> = HashMap::new();
    let mut kept = Vec::with_capacity(mistakes.len());
    for mistake in mistakes {
        let line = starts.partition_point(|start| *start <= mistake.span.start).saturating_sub(1);
        let start = starts.get(line).copied().unwrap_or(0);
        let is_new = !known.contains_key(&line);
        let lost = *known.entry(line).or_insert_with(|| {
            let rest = written.get(start..).unwrap_or_default();
            lost_quote(rest.lines().next().unwrap_or_default())
        });
        match lost {
            None => kept.push(mistake),
            Some(quote) if is_new => kept.push(SyntaxMistake {
                span: start + quote..start + quote + 1,
                words: "a quotation mark is missing in this line".to_owned(),
                hint: "begin and end each text with \"".to_owned(),
                repaired: false,
                first: None,
            }),
            Some(_) => {}
        }
    }
    kept
}

/// Where the first text of a line begins, if its last one does not end on it.
fn lost_quote(line: &str) -> Option<usize> {
    let mut bytes = line.bytes().enumerate();
    let (mut first, mut inside) = (None, None);
    while let Some((at, byte)) = bytes.next() {
        match (inside, byte) {
            (None, b'#') => break,
            (None, b'"' | b'\'') => {
                inside = Some(byte);
                first = first.or(Some(at));
            }
            (Some(b'"'), b'\\') => drop(bytes.next()),
            (Some(open), _) if open == byte => inside = None,
            _ => {}
        }
    }
    // Three in a row begin a text of several lines.
    inside.and(first).filter(|_| !line.contains("\"\"\"") && !line.contains("'''"))
}

/// The last key of this name before an offset: of two that are the same, the first.
fn first_of(table: &DeTable<'_>, name: &str, before: usize) -> Option<Range<usize>> {
    let here = table.iter().map(|(key, _)| key).filter(|key| key.get_ref() == name);
    let below = table.iter().filter_map(|(_, value)| match value.get_ref() {
        DeValue::Table(inner) => first_of(inner, name, before),
        DeValue::Array(list) => list
            .iter()
            .filter_map(|element| element.get_ref().as_table())
            .filter_map(|inner| first_of(inner, name, before))
            .max_by_key(|span| span.start),
        _ => None,
    });
    here.map(toml::Spanned::span)
        .chain(below)
        .filter(|span| span.start < before)
        .max_by_key(|span| span.start)
}

/// What a parser's message means for the writer, and what to do. What is not listed keeps the
/// parser's own words.
fn explain(message: &str, found: &str) -> (String, String) {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let (words, hint): (&str, &str) = match what {
        "string values must be quoted" if found.is_empty() => {
            ("a key without a value", "write a value after the = sign, or remove the line")
        }
        "string values must be quoted" => {
            return (
                "a text needs quotation marks".to_owned(),
                format!("write \"{}\"", found.replace(['"', '\\'], "")),
            );
        }
        "duplicate key" => {
            return (format!("{found} is set twice"), "keep one of the two".to_owned());
        }
        "key with no value" => ("a key without a value", "write key = value"),
        "missing value" | "missing value for key" => {
            ("a key without a value", "write a value after the = sign, or remove the line")
        }
        "unclosed table" => ("this table header is not closed", "end it with ]"),
        "unclosed array table" => ("this table header is not closed", "end it with ]]"),
        "missing comma between array elements" => {
            ("a comma is missing in this list", "put a comma between the elements")
        }
        "missing comma between key-value pairs" => {
            ("a comma is missing in this table", "put a comma between the pairs")
        }
        "extra comma in array" | "extra comma in inline table" => {
            ("one comma too many", "remove it")
        }
        "extra `=`" => ("one = too many", "remove it"),
        "unexpected `=` in array" => {
            ("= has no place in a list", "end the list with ] first, or use { key = value }")
        }
        "invalid basic string" => {
            ("this text is not well formed", "begin and end it with \" on the same line")
        }
        "invalid literal string" => ("the value is missing or not well formed", "write a value"),
        "invalid boolean" if ["true", "false"].contains(&found.to_ascii_lowercase().as_str()) => {
            ("true and false are written in lower case", "write it in lower case")
        }
        "invalid boolean" | "invalid float" | "invalid integer" => {
            ("this is no value", "write a number, true, false, or a text in quotation marks")
        }
        "missing escaped value" => (
            "a backslash must be doubled",
            "write \\\\ for one backslash, or put the text between single quotes",
        ),
        "unexpected leading zero" => ("a number has no leading zero", "remove the zero"),
        "invalid unquoted key" | "unquoted keys cannot be empty" => {
            ("this is no key", "keys are letters, digits, - and _")
        }
        "cannot recurse further; max recursion depth met" | "recursion limit" => {
            ("this is nested too deeply", "no setting needs more than a few levels")
        }
        _ => {
            let words = if expected.is_empty() {
                what.to_owned()
            } else {
                format!("{what}, expected {expected}")
            };
            return (words, GENERAL_HINT.to_owned());
        }
    };
    (words.to_owned(), hint.to_owned())
}

const GENERAL_HINT: &str =
    "a line is key = value; a value is \"text\", a number, true, false, or a [list]";

#[cfg(test)]
mod tests {
    use super::super::repair::repair;
    use super::*;

    fn words(text: &str) -> Vec<(usize, String)> {
        let repaired = repair(text);
        let (_, mistakes) = parse(&repaired, text);
        mistakes.into_iter().map(|mistake| (mistake.span.start, mistake.words)).collect()
    }

    #[test]
    fn a_lost_quotation_mark_is_told_once() {
        let lost = "a quotation mark is missing in this line".to_owned();
        let text = "a = [\"x:1, \"x:2\", \"x:3\"]\nb = 1\n";
        assert_eq!(words(text), [(5, lost.clone())]);
        assert_eq!(words("c = 1\nname = \"a\n"), [(13, lost)]);
    }

    #[test]
    fn other_mistakes_keep_their_words() {
        assert_eq!(words("a = [\"x\" \"y\"] # \"\n")[0].1, "a comma is missing in this list");
        assert_eq!(words("a = [\"x\"\nb = 1\n")[0].1, "this bracket is never closed");
        assert!(words("a = \"\"\"\nit is \"so\n\"\"\"\n").is_empty());
    }

    #[test]
    fn escapes_and_other_quotes_are_no_ends() {
        assert_eq!([lost_quote("a = \"\\\""), lost_quote("a = 'b\"'")], [Some(4), None]);
    }
}
