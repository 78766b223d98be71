//! TOML 1.1 with every syntax mistake in it, each in words for the file's writer.

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
pub(crate) fn parse<'r>(repaired: &'r Repaired<'_>) -> (DeTable<'r>, Vec<SyntaxMistake>) {
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
    let mistakes = unclosed.chain(errors).collect();
    (table.into_inner(), mistakes)
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
