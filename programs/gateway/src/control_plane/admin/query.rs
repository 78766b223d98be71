//! The query of a request: names that are known, each once unless it may be repeated. All mistakes
//! are told at once.

use std::borrow::Cow;

use http::Uri;

use super::refusal::{Mistake, Refusal};

/// Reads the parameters of a query.
pub(super) struct Query<'u> {
    pairs: Vec<(Cow<'u, str>, Cow<'u, str>)>,
    mistakes: Vec<Mistake>,
}

impl<'u> Query<'u> {
    /// Of `once` each parameter may be there once, of `often` as often as wanted.
    pub(super) fn new(uri: &'u Uri, once: &[&str], often: &[&str]) -> Self {
        let text = uri.query().unwrap_or_default();
        let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
        let mut query = Self { pairs, mistakes: Vec::new() };
        let names: Vec<String> = query.pairs.iter().map(|(name, _)| name.to_string()).collect();
        let known: Vec<&str> = once.iter().chain(often).copied().collect();
        for (place, name) in names.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                query.mistake(name, format!("unknown; there are {}", known.join(", ")));
            } else if once.contains(&name.as_str()) && names.iter().take(place).any(|n| n == name) {
                query.mistake(name, "it is there twice");
            }
        }
        query
    }

    /// The value of a parameter, if it is there.
    pub(super) fn text<'q>(&'q self, name: &'q str) -> Option<&'q str> {
        self.all(name).next()
    }

    /// All values of a parameter.
    pub(super) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.pairs.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_ref())
    }

    /// A whole number between bounds; `otherwise` where it is not there.
    pub(super) fn number(&mut self, name: &str, (min, max): (u64, u64), otherwise: u64) -> u64 {
        let Some(text) = self.text(name) else { return otherwise };
        match text.parse::<u64>() {
            Ok(number) if (min..=max).contains(&number) => number,
            _ => {
                self.mistake(name, format!("a whole number from {min} to {max} is expected"));
                otherwise
            }
        }
    }

    /// True or false; false where it is not there.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.text(name) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.mistake(name, "true or false is expected");
                false
            }
        }
    }

    /// Notes what is wrong with a parameter.
    pub(super) fn mistake(&mut self, field: &str, message: impl Into<String>) {
        self.mistakes.push(Mistake { field: field.to_owned(), message: message.into() });
    }

    /// Tells the mistakes, if there are any.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(Refusal::of_mistakes(self.mistakes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_mistakes_told_together() {
        let uri: Uri = "/x?limit=7&url=http%3A%2F%2Fa%2F%3Fb&h=1&h=2+3&on=true".parse().unwrap();
        let mut query = Query::new(&uri, &["limit", "url", "on"], &["h"]);
        assert_eq!(query.number("limit", (1, 10), 5), 7);
        assert_eq!(query.number("other", (1, 10), 5), 5);
        assert_eq!(query.text("url"), Some("http://a/?b"));
        assert_eq!(query.all("h").collect::<Vec<_>>(), ["1", "2 3"]);
        assert!(query.flag("on") && !query.flag("off"));
        assert!(query.finish().is_ok());

        let uri: Uri = "/x?limit=0&limit=2&lmit=1&on=perhaps".parse().unwrap();
        let mut query = Query::new(&uri, &["limit", "on"], &[]);
        query.number("limit", (1, 10), 5);
        query.flag("on");
        let refusal = format!("{:?}", query.finish().unwrap_err());
        for words in ["from 1 to 10", "twice", "unknown; there are limit, on", "true or false"] {
            assert!(refusal.contains(words), "{words} in {refusal}");
        }
    }
}
