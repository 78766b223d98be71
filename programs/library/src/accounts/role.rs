//! What a user may do besides their own things.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tombolo_storage::{Error, Row, Value};
use utoipa::ToSchema;

/// What a user may do besides their own things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Nothing.
    User,
    /// Look after everything and everybody.
    Admin,
}

impl Role {
    /// As it is written in the database and in the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// The role in a column of a row.
    pub(crate) fn of_row(row: &Row, column: usize) -> Result<Self, Error> {
        let name: String = row.get(column)?;
        name.parse().map_err(|()| Error::Program { words: "a role in the database is unknown" })
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::User, Self::Admin].into_iter().find(|role| role.name() == text).ok_or(())
    }
}

impl From<Role> for Value {
    fn from(role: Role) -> Value {
        Value::from(role.name())
    }
}
