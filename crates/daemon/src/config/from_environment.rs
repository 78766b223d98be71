//! What of a configuration came from the environment. It may be secret, so wherever a configuration
//! is told of (mistakes, answers, logs) it stands as `${NAME}`, as in the file.

use std::borrow::Cow;
use std::cell::RefCell;
use std::env::VarError;
use std::fmt;

use super::written::environment::Environment;

/// Characters of a value below which it is no secret, and would hide what has nothing to do with it.
const CHARACTERS_MIN: usize = 4;

/// The values that were filled in, longest first.
#[derive(Clone, Default)]
pub struct FromEnvironment {
    values: Vec<(String, String)>,
}

impl FromEnvironment {
    /// The text with `${NAME}` in the place of each value.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = Cow::Borrowed(text);
        for (name, value) in &self.values {
            let escaped = value.escape_debug().to_string();
            for form in [value.as_str(), escaped.as_str(), &value.to_ascii_lowercase()] {
                if masked.contains(form) {
                    masked = Cow::Owned(masked.replace(form, &format!("${{{name}}}")));
                }
            }
        }
        masked
    }

    /// Takes over what another configuration had from there: what holds of it is shown no more
    /// than before.
    pub fn extend(&mut self, other: &Self) {
        other.values().for_each(|(name, value)| self.add(name, value));
    }

    fn add(&mut self, name: &str, value: &str) {
        let is_known = self.values().any(|known| known == (name, value));
        if !is_known && value.chars().count() >= CHARACTERS_MIN {
            self.values.push((name.to_owned(), value.to_owned()));
            self.values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        }
    }

    /// Each variable with its value, the longest first.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a text tells part of a value, changed or not: a suggestion may be made of one.
    fn is_told_by(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.values.iter().any(|(_, value)| {
            let characters: Vec<char> = value.to_lowercase().chars().collect();
            let mut parts = characters.windows(CHARACTERS_MIN).map(String::from_iter);
            parts.any(|part: String| text.contains(&part))
        })
    }
}

/// Two configurations that mean the same are the same, wherever their values came from.
impl PartialEq for FromEnvironment {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for FromEnvironment {}

impl fmt::Debug for FromEnvironment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.values.iter().map(|(name, _)| name)).finish()
    }
}

/// An environment that remembers what was taken from it.
pub(super) struct Recording<'e> {
    inner: &'e dyn Environment,
    used: RefCell<FromEnvironment>,
}

impl<'e> Recording<'e> {
    pub(super) fn new(inner: &'e dyn Environment) -> Self {
        Self { inner, used: RefCell::default() }
    }

    /// What was taken so far.
    pub(super) fn taken(&self) -> FromEnvironment {
        self.used.borrow().clone()
    }

    /// See [`FromEnvironment::mask`].
    pub(super) fn mask(&self, text: String) -> String {
        match self.used.borrow().mask(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked,
        }
    }

    /// See [`FromEnvironment::is_told_by`].
    pub(super) fn is_told_by(&self, text: &str) -> bool {
        self.used.borrow().is_told_by(text)
    }
}

impl Environment for Recording<'_> {
    fn value(&self, name: &str) -> Result<String, VarError> {
        self.inner.value(name)
    }

    fn used(&self, name: &str, text: &str) {
        self.used.borrow_mut().add(name, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[(&str, &str)]) -> FromEnvironment {
        let recording = Recording::new(&super::super::ProcessEnvironment);
        values.iter().for_each(|(name, value)| recording.used(name, value));
        recording.taken()
    }

    #[test]
    fn values_stand_as_names_in_every_form() {
        let used = of(&[("A", "hunter2"), ("B", "hunter2-and-more"), ("C", "80"), ("Q", "a\"b c")]);
        for (text, masked) in [
            ("key=hunter2", "key=${A}"),
            ("hunter2-and-more, hunter2", "${B}, ${A}"),
            ("port 80", "port 80"),
            ("\"a\\\"b c\"", "\"${Q}\""),
        ] {
            assert_eq!(used.mask(text), masked);
        }
        assert_eq!(of(&[("U", "HUNTER")]).mask("hunter"), "${U}");
        assert!(used.is_told_by("write \"/HUNTer\"") && !used.is_told_by("write \"/hun\""));
        assert_eq!(format!("{used:?}"), "[\"B\", \"A\", \"Q\"]", "no value is printed");
    }
}
