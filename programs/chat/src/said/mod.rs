//! What clients say, checked: the only way to have one of these types is through its rules.

mod author;
mod key;
mod position;
mod room_name;
mod text;
mod visible;

pub use author::Author;
pub use key::Key;
pub(crate) use position::seq;
pub use position::{Epoch, Position};
pub use room_name::RoomName;
pub use text::Text;

/// What is wrong with a value, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Mistake {
    /// The field it is in: `room`, `author`, `text`, `Idempotency-Key`, `after`, ...
    pub field: &'static str,
    /// What is wrong with it, and what to do.
    pub words: String,
}

impl Mistake {
    pub(crate) fn new(field: &'static str, words: impl Into<String>) -> Self {
        Self { field, words: words.into() }
    }
}
