//! What clients say, checked: the only way to have one of these types is through its rules.

mod author;
mod key;
mod position;
mod room_name;
mod text;

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

/// Characters that make a name look like another, or that steer the text around it: controls,
/// line separators, invisible ones, and those that change the direction of writing. The joiners
/// U+200C and U+200D stay: some scripts and emoji are written with them.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
