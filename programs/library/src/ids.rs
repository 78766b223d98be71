//! A type for each kind of id, so that a user's cannot stand for an item's.
//!
//! Ids are UUIDs, written in lower case with hyphens, in the API and in the database alike. Version
//! 7 grows with time, so that rows of one time lie together.

use tombolo_storage::{Error, Row, Value};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$attribute:meta])* $name:ident)*) => { $(
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, format = "uuid")]
        pub(crate) struct $name(Uuid);

        #[allow(dead_code, reason = "each kind of id has the same abilities")]
        impl $name {
            /// A new one, different from all others.
            pub(crate) fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id in a column of a row.
            pub(crate) fn of_row(row: &Row, column: usize) -> Result<Self, Error> {
                let text: String = row.get(column)?;
                read(&text).map(Self).ok_or(NOT_AN_ID)
            }

            /// The id in a column that may be empty.
            pub(crate) fn of_row_if_any(row: &Row, column: usize) -> Result<Option<Self>, Error> {
                let text: Option<String> = row.get(column)?;
                text.map(|text| read(&text).map(Self).ok_or(NOT_AN_ID)).transpose()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, out)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                read(text).map(Self).ok_or(NotAnId)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Value {
                Value::from(id.to_string())
            }
        }
    )* };
}

ids! {
    /// Who signed up.
    UserId
    /// An item of the catalogue.
    ItemId
    /// An upload, from its creation until it is an item or given up.
    UploadId
    /// An upload or download that is or was under way.
    TransferId
    /// Where the bytes of an item lie.
    ContentId
    /// A signed link to an item.
    LinkId
    /// A user's subscription to a plan.
    SubscriptionId
    /// A payment, as we know it.
    PaymentId
    /// An invoice or a credit note.
    InvoiceId
    /// A payment that is given back, wholly or in part.
    RefundId
}

/// A text that is no id, where one is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id looks like 0198c0de-0000-7000-8000-000000000000")]
pub(crate) struct NotAnId;

const NOT_AN_ID: Error = Error::Program { words: "an id in the database cannot be read" };

/// An id has one form: others of the same number would be second names of the same thing.
fn read(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    let mut buffer = Uuid::encode_buffer();
    (id.hyphenated().encode_lower(&mut buffer) == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_has_one_form() {
        let id = UserId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<UserId>().is_err());
        assert!(id.0.simple().to_string().parse::<UserId>().is_err());
        assert!(format!("{{{id}}}").parse::<UserId>().is_err());
        assert_eq!(serde_json::from_str::<UserId>(&format!("\"{id}\"")).unwrap(), id);
        assert!(serde_json::from_str::<UserId>("\"x\"").is_err());
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".*") {
            let _ = text.parse::<ItemId>();
        }
    }
}
