//! What a client asks, read from a line.

use super::Code;
use crate::limits::{NAME_BYTES, NESTING};

/// The commands, as the documentation lists them.
pub const COMMANDS: [&str; 8] = ["EVAL", "LET", "VARS", "CLEAR", "PING", "WHO", "VERSION", "QUIT"];

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// The value of an expression.
    Eval(&'a str),
    /// Gives a value a name for as long as the connection lasts.
    Let {
        /// The name.
        name: &'a str,
        /// The expression whose value it gets.
        expression: &'a str,
    },
    /// All variables.
    Vars,
    /// Forgets all variables.
    Clear,
    /// Whether the server answers.
    Ping,
    /// Which replica answers.
    Who,
    /// Which version of the protocol it speaks.
    Version,
    /// The last answer, then the end.
    Quit,
}

/// Why a line is no request: the code, and words that tell what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// The words.
    pub words: String,
}

impl Refusal {
    fn syntax(words: impl Into<String>) -> Self {
        Self { code: Code::Syntax, words: words.into() }
    }
}

impl<'a> Request<'a> {
    /// Reads a line without its end. Commands are read in any letter case.
    ///
    /// # Errors
    /// What is wrong with the line, and what to write instead.
    pub fn parse(line: &'a str) -> Result<Self, Refusal> {
        let line = line.trim_matches([' ', '\t']);
        if let Some(control) = line.chars().find(|letter| letter.is_control() && *letter != '\t') {
            let words = format!(
                "the control character {} cannot stand in a request",
                control.escape_default()
            );
            return Err(Refusal::syntax(words));
        }
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let rest = rest.trim_start_matches([' ', '\t']);
        let command = COMMANDS.into_iter().find(|command| command.eq_ignore_ascii_case(word));
        let Some(command) = command else { return Err(unknown(line, word)) };
        let bare = match command {
            "EVAL" => return Ok(Self::Eval(expression(rest)?)),
            "LET" => return definition(rest),
            "VARS" => Self::Vars,
            "CLEAR" => Self::Clear,
            "PING" => Self::Ping,
            "WHO" => Self::Who,
            "VERSION" => Self::Version,
            _ => Self::Quit,
        };
        if rest.is_empty() {
            return Ok(bare);
        }
        Err(Refusal::syntax(format!("nothing may follow {command}: write {command} alone")))
    }
}

fn unknown(line: &str, word: &str) -> Refusal {
    if line.is_empty() {
        return Refusal::syntax("the line is empty: write EVAL and an expression");
    }
    let upper = word.to_ascii_uppercase();
    let near =
        COMMANDS.into_iter().find(|command| strsim::damerau_levenshtein(command, &upper) == 1);
    let words = match near {
        Some(near) => format!("{word} is no command; did you mean {near}?"),
        None => format!(
            "no command begins like this; write EVAL {line}, or one of {}",
            COMMANDS.join(", ")
        ),
    };
    Refusal { code: Code::UnknownCommand, words }
}

fn definition(rest: &str) -> Result<Request<'_>, Refusal> {
    let form = "write LET name = expression";
    let Some((name, value)) = rest.split_once('=') else {
        return Err(Refusal::syntax(form));
    };
    let name = name.trim_end_matches([' ', '\t']);
    if !is_name(name) {
        let words = format!(
            "{name:?} is no name: {form}; a name is a letter and up to {} letters, digits and underscores",
            NAME_BYTES - 1
        );
        return Err(Refusal::syntax(words));
    }
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(Refusal::syntax(format!(
            "{name} has a meaning in expressions: choose another name"
        )));
    }
    Ok(Request::Let { name, expression: expression(value)? })
}

/// Words that stand between values, so that a variable of that name could never be read.
const RESERVED: [&str; 18] = [
    "to", "as", "in", "of", "per", "mod", "modulo", "and", "or", "xor", "not", "ans", "approx",
    "true", "false", "choose", "permute", "combine",
];

/// Whether this can be the name of a variable.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Refuses what can be seen to be wrong without evaluating it.
fn expression(text: &str) -> Result<&str, Refusal> {
    let text = text.trim_matches([' ', '\t']);
    if text.is_empty() {
        return Err(Refusal::syntax("there is no expression: write EVAL 2+3, or LET x = 5"));
    }
    if text.starts_with('@') || text.contains(';') {
        return Err(Refusal::syntax(
            "'@' at the beginning and ';' mean nothing here: write one expression a line",
        ));
    }
    if assigns(text) {
        return Err(Refusal::syntax(
            "'=' gives names: write LET name = expression, or == to compare",
        ));
    }
    let deepest = text.bytes().scan(0_usize, |depth, byte| {
        match byte {
            b'(' | b'{' | b'[' => *depth = depth.saturating_add(1),
            b')' | b'}' | b']' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth)
    });
    if deepest.max().unwrap_or(0) > NESTING {
        let words = format!(
            "more than {NESTING} brackets within one another: name the inner ones with LET"
        );
        return Err(Refusal::syntax(words));
    }
    if words_of(text).any(|word| word == "ans" || word == "_") {
        let words = "the last result has no name here: give it one with LET name = expression";
        return Err(Refusal { code: Code::UnknownName, words: words.to_owned() });
    }
    Ok(text)
}

/// Whether a single `=` is in it, rather than `==`, `!=`, `<=`, `>=` or the arrow `=>`.
fn assigns(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut position = 0;
    while let Some(found) = memchr::memchr(b'=', bytes.get(position..).unwrap_or_default()) {
        let at = position + found;
        let before = at.checked_sub(1).and_then(|index| bytes.get(index));
        match bytes.get(at + 1) {
            Some(b'=' | b'>') => position = at + 2,
            _ if matches!(before, Some(b'!' | b'<' | b'>')) => position = at + 1,
            _ => return true,
        }
    }
    false
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_are_read_in_any_case_and_spacing() {
        for (line, meant) in [
            ("EVAL 2+3*4", Request::Eval("2+3*4")),
            ("  eval\t2 + 3  ", Request::Eval("2 + 3")),
            ("LET x = 5", Request::Let { name: "x", expression: "5" }),
            ("let rate_2=1/3", Request::Let { name: "rate_2", expression: "1/3" }),
            ("LET same = 2 == 2", Request::Let { name: "same", expression: "2 == 2" }),
            ("EVAL 2 != 3", Request::Eval("2 != 3")),
            ("vars", Request::Vars),
            ("CLEAR", Request::Clear),
            ("Ping ", Request::Ping),
            ("WHO", Request::Who),
            ("VERSION", Request::Version),
            ("quit", Request::Quit),
        ] {
            assert_eq!(Request::parse(line), Ok(meant), "{line}");
        }
    }

    #[test]
    fn each_mistake_is_named_with_the_next_step() {
        for (line, code, words) in [
            ("", Code::Syntax, "write EVAL"),
            ("EVL 2", Code::UnknownCommand, "did you mean EVAL?"),
            ("2+3", Code::UnknownCommand, "write EVAL 2+3"),
            ("EVAL", Code::Syntax, "EVAL 2+3"),
            ("LET x", Code::Syntax, "LET name = expression"),
            ("LET x =", Code::Syntax, "no expression"),
            ("LET 2x = 3", Code::Syntax, "a name is a letter"),
            ("LET to = 3", Code::Syntax, "another name"),
            ("EVAL x = 3", Code::Syntax, "LET name"),
            ("EVAL 1; 2", Code::Syntax, "one expression a line"),
            ("EVAL @debug 1", Code::Syntax, "one expression a line"),
            ("EVAL 2*ans", Code::UnknownName, "LET name"),
            ("PING now", Code::Syntax, "PING alone"),
            ("EVAL 1\u{0}", Code::Syntax, "\\u{0}"),
        ] {
            let refusal = Request::parse(line).expect_err(line);
            assert_eq!(refusal.code, code, "{line}: {refusal:?}");
            assert!(refusal.words.contains(words), "{line}: {refusal:?}");
        }
        let deep = format!("EVAL {}1{}", "(".repeat(NESTING + 1), ")".repeat(NESTING + 1));
        assert!(Request::parse(&deep).expect_err("deep").words.contains("brackets"));
    }

    proptest! {
        #[test]
        fn any_line_is_a_request_or_is_refused_in_one_line(line in "\\PC{0,60}|(EVAL|LET) \\PC{0,40}|.{0,40}") {
            if let Err(refusal) = Request::parse(&line) {
                prop_assert!(!refusal.words.is_empty());
            }
        }
    }
}
