//! The form of a line of the program log.

use std::env;
use std::str::FromStr;

use super::FORM_VARIABLE;

/// The form of a line of the program log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Words, for people.
    #[default]
    Text,
    /// A JSON object, for programs.
    Json,
}

/// A form of the program log that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no form of the program log; write text or json")]
pub struct UnknownForm(String);

impl Form {
    /// Every form, in the order in which the documents list them.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// What it is called in the environment and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// The form that `TOMBOLO_LOG_FORMAT` chooses; text if it is not set or empty.
    ///
    /// # Errors
    /// When it has another value.
    pub fn from_environment() -> Result<Self, UnknownForm> {
        match env::var_os(FORM_VARIABLE) {
            Some(value) if !value.is_empty() => value.to_string_lossy().parse(),
            _ => Ok(Self::Text),
        }
    }
}

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        let found = Self::ALL.into_iter().find(|form| form.name() == text);
        found.ok_or_else(|| UnknownForm(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_by_their_names() {
        assert_eq!("json".parse(), Ok(Form::Json));
        let error = "xml".parse::<Form>().unwrap_err().to_string();
        assert_eq!(error, "\"xml\" is no form of the program log; write text or json");
    }
}
