//! Reads single values by their forms: flags, numbers, sizes, durations, words and texts, with
//! variables from the environment filled in.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::super::keys::{Form, Key};
use super::super::mistake::Kind;
use super::context::At;
use super::environment::{self, Filled, Problem};
use super::quantity;
use super::reader::Reader;
use super::wording::{list, nearest};

impl Reader<'_> {
    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Option<At<bool>> {
        let (_, value) = self.get(name)?;
        let span = value.span();
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(At { value: *flag, span });
        }
        let Some(text) = self.outside(value)? else {
            let hint = format!("write {name} = true or {name} = false");
            return self.wrong_type(name, "true or false", value, hint);
        };
        match text.as_str() {
            "true" => Some(At { value: true, span }),
            "false" => Some(At { value: false, span }),
            _ => {
                self.bad(&span, format!("{name:?} must be true or false"), "set it to one of them")
            }
        }
    }

    /// A whole number within the key's bounds.
    pub(crate) fn count(&self, name: &str) -> Option<At<u64>> {
        let (key, value) = self.get(name)?;
        let (Form::Count { min, max } | Form::CountOrTable { min, max, .. }) = key.form else {
            return None;
        };
        let span = value.span();
        let number = match value.get_ref() {
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => match self.outside(value)? {
                Some(text) => {
                    let Ok(number) = text.parse() else {
                        let hint = format!("set it to a number, say {}", key.example);
                        return self.bad(&span, format!("{name:?} is no whole number"), hint);
                    };
                    Some(number)
                }
                None => {
                    let hint = format!("write {name} = {}, without quotes", key.example);
                    return self.wrong_type(name, "a whole number", value, hint);
                }
            },
        };
        let within = number.and_then(|number| u64::try_from(number).ok());
        match within.filter(|number| (min..=max).contains(number)) {
            Some(value) => Some(At { value, span }),
            None => self.out_of_range(name, &span, &min.to_string(), &max.to_string()),
        }
    }

    /// A number of bytes within the key's bounds: `"32KiB"`, or a number alone.
    pub(crate) fn size(&self, name: &str) -> Option<At<u64>> {
        let (key, value) = self.get(name)?;
        let Form::Size { min, max } = key.form else { return None };
        let span = value.span();
        let bytes = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(_) => {
                let text = self.filled(value)?.text;
                let Some(bytes) = quantity::size(&text) else {
                    let meant = quantity::size_meant(&text);
                    let hint = format!("write {:?}", meant.as_deref().unwrap_or("32KiB"));
                    return self.bad(&span, format!("{name:?} is no size"), hint);
                };
                Some(bytes)
            }
            _ => {
                let hint = format!("write {name} = {}", key.example);
                return self.wrong_type(name, "a size", value, hint);
            }
        };
        let show = |bytes| format!("{:?}", quantity::show_size(bytes));
        match bytes.filter(|bytes| (min..=max).contains(bytes)) {
            Some(value) => Some(At { value, span }),
            None => self.out_of_range(name, &span, &show(min), &show(max)),
        }
    }

    /// A duration within the key's bounds: `"10s"`.
    pub(crate) fn time(&self, name: &str) -> Option<At<Duration>> {
        let (key, value) = self.get(name)?;
        let Form::Time { min, max } = key.form else { return None };
        let span = value.span();
        let number = match value.get_ref() {
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            _ => None,
        };
        if let Some(number) = number {
            let hint = format!("write the unit too: \"{number}s\" for seconds");
            return self.wrong_type(name, "a duration", value, hint);
        }
        let text = self.text_of(name, "a duration", key, value)?;
        let Some(time) = quantity::time(&text) else {
            let hint =
                "write a whole number and a unit (ms, s, m, h, d), say \"500ms\" or \"1h30m\"";
            return self.bad(&span, format!("{name:?} is no duration"), hint);
        };
        if (min..=max).contains(&time) {
            return Some(At { value: time, span });
        }
        let show = |time| format!("{:?}", quantity::show_time(time));
        self.out_of_range(name, &span, &show(min), &show(max))
    }

    /// One of the key's words.
    pub(crate) fn word(&self, name: &str) -> Option<At<&'static str>> {
        let (key, value) = self.get(name)?;
        let Form::Word { words, later } = key.form else { return None };
        let span = value.span();
        let text = self.text_of(name, "a text", key, value)?;
        let words = words();
        if let Some(word) = words.iter().find(|word| **word == text) {
            return Some(At { value: word, span });
        }
        if later.contains(&text.as_str()) {
            let words = format!("{text:?} is not in this version yet");
            let hint = "remove it; the changelog tells when it is there";
            self.context.mistake(Kind::NotYet, &span, words, hint);
            return None;
        }
        let known = list(words.iter().copied());
        let hint = match nearest(&text, words.iter().copied()) {
            Some(near) => format!("did you mean {near:?}? It can be {known}"),
            None => format!("it can be {known}"),
        };
        self.bad(&span, format!("{name:?} cannot be {}", self.context.written(&span)), hint)
    }

    /// A text; never empty.
    pub(crate) fn text(&self, name: &str) -> Option<At<String>> {
        let (key, value) = self.get(name)?;
        let text = self.text_of(name, "a text", key, value)?;
        if text.is_empty() {
            let hint = format!("write {name} = {}, or remove the key", key.example);
            return self.bad(&value.span(), format!("{name:?} is empty"), hint);
        }
        Some(At { value: text, span: value.span() })
    }

    /// A text, never empty, or `false`: nothing.
    #[allow(clippy::option_option, reason = "None already means that it was not said, or wrong")]
    pub(crate) fn text_or_false(&self, name: &str) -> Option<Option<String>> {
        let (key, value) = self.get(name)?;
        match value.get_ref() {
            DeValue::Boolean(false) => return Some(None),
            DeValue::String(_) => {}
            _ => {
                let hint = format!("write {name} = {}, or {name} = false", key.example);
                return self.wrong_type(name, "a text or false", value, hint);
            }
        }
        let text = self.text_of(name, "a text or false", key, value)?;
        if text.is_empty() {
            let hint = format!("write {name} = {}, or {name} = false for none", key.example);
            return self.bad(&value.span(), format!("{name:?} is empty"), hint);
        }
        Some(Some(text))
    }

    /// The text of a string with its variables filled in.
    pub(super) fn text_of(
        &self,
        name: &str,
        what: &str,
        key: &Key,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<String> {
        match value.get_ref() {
            DeValue::String(_) => self.filled(value).map(|filled| filled.text),
            _ => {
                let hint = format!("write {name} = {}", key.example);
                self.wrong_type(name, what, value, hint)
            }
        }
    }

    /// The text of a string in a place for numbers and flags: only from the environment, which
    /// has nothing but texts. `Some(None)` when it is something else.
    #[allow(clippy::option_option, reason = "None already means a mistake that was told")]
    fn outside(&self, value: &Spanned<DeValue<'_>>) -> Option<Option<String>> {
        if !matches!(value.get_ref(), DeValue::String(_)) {
            return Some(None);
        }
        let filled = self.filled(value)?;
        Some(filled.from_environment.then(|| filled.text.trim().to_owned()))
    }

    /// The string with its variables filled in; each that cannot be is a mistake.
    fn filled(&self, value: &Spanned<DeValue<'_>>) -> Option<Filled> {
        let DeValue::String(written) = value.get_ref() else { return None };
        match environment::fill(written, self.context.environment) {
            Ok(filled) => Some(filled),
            Err(problems) => {
                for problem in problems {
                    self.environment_mistake(&problem, &value.span());
                }
                None
            }
        }
    }

    fn environment_mistake(&self, problem: &Problem<'_>, span: &Range<usize>) {
        let (about, words, hint) = match problem {
            Problem::Open => (
                "${".to_owned(),
                "${ without }".to_owned(),
                "write ${NAME}, or $${ for ${ itself".to_owned(),
            ),
            Problem::BadName(name) => (
                format!("${{{name}}}"),
                format!("{name:?} is no name of an environment variable"),
                "write ${NAME} or ${NAME:-otherwise}; $${ stands for ${ itself".to_owned(),
            ),
            Problem::Unset(name) => (
                format!("${{{name}}}"),
                format!("the environment has no {name}"),
                format!("set {name}, or write ${{{name}:-...}} with what to use without it"),
            ),
            Problem::NotText(name) => (
                format!("${{{name}}}"),
                format!("the value of {name} in the environment is not UTF-8"),
                "set it to a text".to_owned(),
            ),
        };
        // Point at the variable itself where it stands in the file as it is meant.
        let found = self.context.raw(span).find(&about);
        let span = found.map_or(span.clone(), |at| span.start + at..span.start + at + about.len());
        self.context.mistake(Kind::Environment, &span, words, hint);
    }
}
