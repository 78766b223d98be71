//! `${NAME}` in a string: a value from the environment; `${NAME:-text}`: the text when there is
//! none, or an empty one, as shells have it.

use std::collections::BTreeMap;
use std::env::{self, VarError};

/// Where `${NAME}` takes its value from, so that a test need not change the process.
pub trait Environment {
    /// The value of a variable.
    ///
    /// # Errors
    /// When there is none of that name, or its value is not UTF-8.
    fn value(&self, name: &str) -> Result<String, VarError>;

    /// Told of what was filled in for a variable.
    fn used(&self, _name: &str, _text: &str) {}
}

/// The environment this process was started with.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn value(&self, name: &str) -> Result<String, VarError> {
        env::var(name)
    }
}

impl Environment for BTreeMap<String, String> {
    fn value(&self, name: &str) -> Result<String, VarError> {
        self.get(name).cloned().ok_or(VarError::NotPresent)
    }
}

/// A string with its variables filled in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    /// The string.
    pub(crate) text: String,
    /// Whether anything in it came from the environment.
    pub(crate) from_environment: bool,
}

/// Why a variable could not be filled in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem<'t> {
    /// `${` without `}`.
    Open,
    /// What stands between the braces is no name.
    BadName(&'t str),
    /// No variable has this name.
    Unset(&'t str),
    /// The variable's value is not UTF-8.
    NotText(&'t str),
}

/// Fills in every `${NAME}`; `$${` stands for `${` itself. All problems are told, not just the
/// first.
pub(crate) fn fill<'t>(
    text: &'t str,
    environment: &dyn Environment,
) -> Result<Filled, Vec<Problem<'t>>> {
    let mut filled = Filled { text: String::with_capacity(text.len()), from_environment: false };
    let mut problems = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            filled.text.push_str(escaped);
            filled.text.push_str("${");
            rest = after;
            continue;
        }
        filled.text.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            problems.push(Problem::Open);
            return Err(problems);
        };
        let (name, otherwise) = match inside.split_once(":-") {
            Some((name, otherwise)) => (name, Some(otherwise)),
            None => (inside, None),
        };
        let mut put = |text: &str| {
            filled.text.push_str(text);
            environment.used(name, text);
        };
        match (look_up(name, environment), otherwise) {
            (Ok(value), Some(otherwise)) if value.is_empty() => put(otherwise),
            (Ok(value), _) => put(&value),
            (Err(Problem::Unset(_)), Some(otherwise)) => put(otherwise),
            (Err(problem), _) => problems.push(problem),
        }
        filled.from_environment = true;
        rest = after;
    }
    filled.text.push_str(rest);
    if problems.is_empty() { Ok(filled) } else { Err(problems) }
}

fn look_up<'t>(name: &'t str, environment: &dyn Environment) -> Result<String, Problem<'t>> {
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if !is_name {
        return Err(Problem::BadName(name));
    }
    environment.value(name).map_err(|error| match error {
        VarError::NotPresent => Problem::Unset(name),
        VarError::NotUnicode(_) => Problem::NotText(name),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment() -> BTreeMap<String, String> {
        [("HOST", "db"), ("PORT", "80"), ("NEST", "${HOST}"), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn values_are_filled_in_once() {
        let environment = environment();
        let text = |written| fill(written, &environment).unwrap().text;
        assert_eq!(text("${HOST}:${PORT}"), "db:80");
        assert_eq!(text("${NO:-a:-b} ${HOST:-c} ${EMPTY:-d}${EMPTY}"), "a:-b db d");
        assert_eq!(text("$${HOST} $HOST $5"), "${HOST} $HOST $5");
        assert_eq!(text("${NEST}"), "${HOST}", "a value is never read as a variable again");
        assert!(!fill("plain", &environment).unwrap().from_environment);
    }

    #[test]
    fn every_problem_is_told() {
        let environment = environment();
        assert_eq!(
            fill("${NO}${PORT-1}${HOST}${9:-1}${", &environment),
            Err(vec![
                Problem::Unset("NO"),
                Problem::BadName("PORT-1"),
                Problem::BadName("9"),
                Problem::Open
            ])
        );
    }

    proptest! {
        #[test]
        fn text_without_variables_stays(text in "[^$]*") {
            prop_assert_eq!(fill(&text, &environment()).unwrap().text, text);
        }

        #[test]
        fn nothing_panics(text in "[${}A-Z]*") {
            let _ = fill(&text, &environment());
        }
    }
}
