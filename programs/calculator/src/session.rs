//! What one connection knows, and what its requests mean. No I/O: what needs an evaluator is
//! handed out as a job, and its outcome taken in again.

use std::collections::BTreeMap;

use crate::arithmetic::{self, Fraction};
use crate::evaluator::{Job, Outcome};
use crate::grouping;
use crate::limits::{SHOWN_BYTES, VARIABLES};
use crate::protocol::{Answer, Code, Line, Refusal, Request, VERSION};

/// The variables of one connection.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// By name. A fraction is known here; every other value is in `values`.
    variables: BTreeMap<String, Variable>,
    /// The values that are no fractions, as evaluators write them. May hold older values of
    /// variables that are fractions now.
    values: Vec<u8>,
}

#[derive(Debug)]
struct Variable {
    shown: String,
    fraction: Option<Fraction>,
}

/// What to do about a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send this.
    Answer(Answer),
    /// Have this evaluated, then [`Session::conclude`].
    Evaluate(Job),
    /// Send this, then end the connection.
    Last(Answer),
}

impl Session {
    /// Takes a line in. `replica` is the name of the one that answers.
    pub(crate) fn take(&mut self, line: &Line, replica: &str) -> Step {
        let text = match line {
            Line::Text(text) => text,
            broken => return Step::Answer(refuse_line(broken)),
        };
        let request = match Request::parse(text) {
            Ok(request) => request,
            Err(Refusal { code, words }) => return Step::Answer(Answer::refused(code, words)),
        };
        Step::Answer(match request {
            Request::Eval(expression) => return self.evaluate("", expression),
            Request::Let { name, expression } => return self.evaluate(name, expression),
            Request::Vars => self.list(),
            Request::Clear => {
                *self = Self::default();
                Answer::ok("cleared")
            }
            Request::Ping => Answer::ok("pong"),
            Request::Who => Answer::ok(replica),
            Request::Version => Answer::ok(VERSION),
            Request::Quit => return Step::Last(Answer::ok("bye")),
        })
    }

    /// Takes in what became of a job: the answer to the request that it came from.
    pub(crate) fn conclude(&mut self, job: &Job, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Refused(code, words) => Answer::refused(code, words),
            Outcome::Value { text, .. } if job.name.is_empty() => Answer::ok(text),
            Outcome::Value { text, values } => self.keep(&job.name, text, None, Some(values)),
        }
    }

    fn evaluate(&mut self, name: &str, expression: &str) -> Step {
        if let Some(words) = grouping::mistake(expression) {
            return Step::Answer(Answer::refused(Code::Syntax, words));
        }
        let variable = |name: &str| self.variables.get(name)?.fraction;
        let plain = arithmetic::value(expression, variable);
        if let Some((fraction, text)) =
            plain.and_then(|value| Some((value, arithmetic::decimal(&value)?)))
        {
            return Step::Answer(if name.is_empty() {
                Answer::ok(text)
            } else {
                self.keep(name, text, Some(fraction), None)
            });
        }
        let refused = if name.is_empty() { None } else { self.no_room(name, "") };
        if let Some(refused) = refused {
            return Step::Answer(refused);
        }
        // Those whose names are nowhere in the expression cannot matter to it. A name within a
        // longer one can be there for nothing, which does no harm.
        let fractions = self.variables.iter().filter(|(name, _)| expression.contains(*name));
        let fractions = fractions.filter_map(|(name, variable)| {
            let fraction = variable.fraction?;
            Some((name.clone(), *fraction.numer(), *fraction.denom()))
        });
        Step::Evaluate(Job {
            expression: expression.to_owned(),
            name: name.to_owned(),
            values: self.values.clone(),
            fractions: fractions.collect(),
        })
    }

    fn keep(
        &mut self,
        name: &str,
        shown: String,
        fraction: Option<Fraction>,
        values: Option<Vec<u8>>,
    ) -> Answer {
        if let Some(refused) = self.no_room(name, &shown) {
            return refused;
        }
        if let Some(values) = values {
            self.values = values;
        }
        self.variables.insert(name.to_owned(), Variable { shown: shown.clone(), fraction });
        Answer::ok(shown)
    }

    /// The refusal of a variable that would be one too many.
    fn no_room(&self, name: &str, shown: &str) -> Option<Answer> {
        if self.variables.len() >= VARIABLES && !self.variables.contains_key(name) {
            let words =
                format!("a connection has at most {VARIABLES} variables: CLEAR forgets them");
            return Some(Answer::refused(Code::TooLarge, words));
        }
        let others = self.variables.iter().filter(|(other, _)| *other != name);
        let bytes: usize = others.map(|(_, variable)| variable.shown.len()).sum();
        (bytes + shown.len() > SHOWN_BYTES).then(|| {
            let words = format!(
                "all variables together take at most {SHOWN_BYTES} characters: CLEAR forgets them"
            );
            Answer::refused(Code::TooLarge, words)
        })
    }

    fn list(&self) -> Answer {
        let pairs =
            self.variables.iter().map(|(name, variable)| format!("{name} = {}", variable.shown));
        // Values hold no tabs, so a program can take the list apart.
        Answer::ok(pairs.collect::<Vec<_>>().join("\t"))
    }
}

fn refuse_line(line: &Line) -> Answer {
    let (code, words) = match line {
        Line::TooLong => (
            Code::TooLong,
            format!(
                "a request has at most {} bytes: name parts of it with LET",
                crate::limits::LINE_BYTES
            ),
        ),
        Line::NotUtf8 => (Code::Encoding, "the line is not UTF-8: send text in UTF-8".to_owned()),
        _ => (
            Code::Incomplete,
            "the stream ended within this line: end each request with a line feed".to_owned(),
        ),
    };
    Answer::refused(code, words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluator::worker;

    fn ask(session: &mut Session, line: &str) -> Answer {
        match session.take(&Line::Text(line.to_owned()), "test-1") {
            Step::Answer(answer) | Step::Last(answer) => answer,
            Step::Evaluate(job) => {
                let outcome = worker::evaluate(&job, crate::limits::EVALUATION_TIME);
                session.conclude(&job, outcome)
            }
        }
    }

    fn says(session: &mut Session, line: &str) -> String {
        match ask(session, line) {
            Answer::Ok(text) => text,
            Answer::Err(code, _) => code,
        }
    }

    #[test]
    fn variables_last_and_change_whichever_way_they_are_worked_out() {
        let mut session = Session::default();
        for (line, answer) in [
            ("LET x = 5", "5"),
            ("EVAL x^2", "25"),
            ("LET third = 1/3", "approx. 0.3333333333"),
            ("EVAL third * 3", "1"),
            ("EVAL third * x * 3", "5"),
            ("LET third = 2", "2"),
            ("EVAL third + 0.5", "2.5"),
            ("EVAL sqrt third^2", "2"),
            ("LET third = 7 m", "7 m"),
            ("EVAL third / 2", "3.5 m"),
            ("LET y = x / 0", "domain"),
            ("EVAL 3,5+1", "syntax"),
            ("LET y = 1,00", "syntax"),
            ("EVAL 1,000,000 / 3 * 3", "1000000"),
            ("EVAL y", "unknown-name"),
            ("VARS", "third = 7 m\tx = 5"),
            ("CLEAR", "cleared"),
            ("VARS", ""),
            ("EVAL x", "unknown-name"),
        ] {
            assert_eq!(says(&mut session, line), answer, "{line}");
        }
    }

    #[test]
    fn one_variable_too_many_is_refused_and_the_others_stay() {
        let mut session = Session::default();
        for number in 0..VARIABLES {
            assert_eq!(
                says(&mut session, &format!("LET v{number} = {number}")),
                number.to_string()
            );
        }
        assert_eq!(says(&mut session, "LET w = 1"), "too-large");
        assert_eq!(says(&mut session, "LET w = 1 km"), "too-large");
        assert_eq!(says(&mut session, "LET v1 = 7"), "7");
        assert_eq!(says(&mut session, "EVAL v1 + v63"), "70");
    }

    #[test]
    fn broken_lines_have_their_codes() {
        for (line, code) in [
            (Line::TooLong, "too-long"),
            (Line::NotUtf8, "encoding"),
            (Line::Incomplete, "incomplete"),
        ] {
            let Answer::Err(found, _) = refuse_line(&line) else { panic!() };
            assert_eq!(found, code);
        }
    }

    proptest! {
        #[test]
        fn every_line_has_an_answer(lines in prop::collection::vec("(EVAL|LET [a-c] =) [-+*/ ().0-9a-c]{0,20}|VARS|CLEAR|PING|\\PC{0,20}", 0..20)) {
            let mut session = Session::default();
            for line in lines {
                // What an evaluator would do is not of interest here.
                let _ = session.take(&Line::Text(line), "test-1");
                prop_assert!(session.variables.len() <= 3);
            }
        }
    }
}
