//! What the server sends: answers, and the one line that answers nothing.

use std::fmt;

use crate::limits::WORDS_BYTES;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The line or the expression cannot be read.
    Syntax,
    /// The first word is no command.
    UnknownCommand,
    /// The expression has a name that stands for nothing.
    UnknownName,
    /// There is no value: a division by zero, metres in seconds.
    Domain,
    /// The evaluation took too long.
    Timeout,
    /// The line is too long.
    TooLong,
    /// The evaluation took too much memory, or its result is too long, or there are too many
    /// variables.
    TooLarge,
    /// The line is not UTF-8.
    Encoding,
    /// The stream ended within a line.
    Incomplete,
    /// Too many evaluations wait; the same request may succeed later.
    Busy,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::Syntax,
        Self::UnknownCommand,
        Self::UnknownName,
        Self::Domain,
        Self::Timeout,
        Self::TooLong,
        Self::TooLarge,
        Self::Encoding,
        Self::Incomplete,
        Self::Busy,
    ];

    /// As it is written in an answer.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownCommand => "unknown-command",
            Self::UnknownName => "unknown-name",
            Self::Domain => "domain",
            Self::Timeout => "timeout",
            Self::TooLong => "too-long",
            Self::TooLarge => "too-large",
            Self::Encoding => "encoding",
            Self::Incomplete => "incomplete",
            Self::Busy => "busy",
        }
    }
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for; may be empty.
    Ok(String),
    /// Why not: the code, and words for people.
    Err(String, String),
}

impl Answer {
    /// An answer that is good.
    #[must_use]
    pub fn ok(text: impl Into<String>) -> Self {
        Self::Ok(text.into())
    }

    /// A refusal. Words that are too long are cut.
    #[must_use]
    pub fn refused(code: Code, words: impl Into<String>) -> Self {
        let mut words = words.into();
        if words.len() > WORDS_BYTES {
            let end = (0..=WORDS_BYTES).rev().find(|end| words.is_char_boundary(*end));
            words.truncate(end.unwrap_or(0));
            words.push_str(" ...");
        }
        Self::Err(code.name().to_owned(), words)
    }

    /// Writes it as a line. Whatever is no visible character is written as its escape, so that
    /// one answer is one line whatever is in it; the tabs between variables stay.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ok(text) if text.is_empty() => out.extend_from_slice(b"OK"),
            Self::Ok(text) => {
                out.extend_from_slice(b"OK ");
                visible(text, out);
            }
            Self::Err(code, words) => {
                out.extend_from_slice(b"ERR ");
                out.extend_from_slice(code.as_bytes());
                out.push(b' ');
                visible(words, out);
            }
        }
        out.push(b'\n');
    }
}

fn visible(text: &str, out: &mut Vec<u8>) {
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for letter in text.chars() {
        if letter.is_control() && letter != '\t' {
            out.extend(letter.escape_default().map(|ascii| ascii as u8));
        } else {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// Why the server ends a connection that the client did not ask to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The server is being stopped.
    Draining,
    /// Nothing was asked for a long time.
    Idle,
    /// A line took too long to arrive.
    Slow,
    /// Too many connections.
    Busy,
}

impl Closing {
    /// The line, with its end. It answers no request.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            Self::Draining => "BYE draining connect again, another replica answers\n",
            Self::Idle => "BYE idle nothing was asked for 15 minutes\n",
            Self::Slow => "BYE slow a line took longer than 10 seconds to arrive\n",
            Self::Busy => "BYE busy too many connections, try again later\n",
        }
    }
}

/// A line from a server, as its client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// The answer to the oldest request that has none.
    Answer(Answer),
    /// The server's last line; requests without an answer were not answered. With the reason.
    Bye(String),
}

impl Received {
    /// Reads a line without its end; None for what no server of this protocol sends.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "OK" => Some(Self::Answer(Answer::ok(rest))),
            "BYE" => Some(Self::Bye(rest.to_owned())),
            "ERR" => {
                let (code, words) = rest.split_once(' ').unwrap_or((rest, ""));
                let named = !code.is_empty()
                    && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
                named.then(|| Self::Answer(Answer::Err(code.to_owned(), words.to_owned())))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(text) => out.write_str(text),
            Self::Err(code, words) => write!(out, "{words} ({code})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(answer: &Answer) -> String {
        let mut out = Vec::new();
        answer.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn answers_are_one_line() {
        assert_eq!(line(&Answer::ok("14")), "OK 14\n");
        assert_eq!(line(&Answer::ok("")), "OK\n");
        assert_eq!(line(&Answer::ok("a\nOK 5\t2")), "OK a\\nOK 5\t2\n");
        assert_eq!(line(&Answer::refused(Code::Domain, "no")), "ERR domain no\n");
    }

    #[test]
    fn long_words_are_cut_at_a_letter() {
        let long = line(&Answer::refused(Code::Syntax, "é".repeat(2000)));
        assert!(long.len() < WORDS_BYTES + 40 && long.ends_with(" ...\n"));
    }

    #[test]
    fn nothing_else_is_taken_for_an_answer() {
        for text in ["", "OKAY", "ERR", "ERR Big no", "HTTP/1.1 400 Bad Request", "ok 5"] {
            assert_eq!(Received::parse(text), None, "{text}");
        }
        assert_eq!(Received::parse("BYE idle"), Some(Received::Bye("idle".to_owned())));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "[^\\p{Cc}]{0,40}", words in "[^\\p{Cc}]{0,40}", code in 0..10_usize) {
            for answer in [Answer::ok(text.clone()), Answer::refused(Code::ALL[code], words.clone())] {
                let line = line(&answer);
                let read = Received::parse(line.strip_suffix('\n').unwrap());
                prop_assert_eq!(read, Some(Received::Answer(answer)));
            }
        }
    }
}
