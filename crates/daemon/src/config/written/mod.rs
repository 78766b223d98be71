//! The configuration file as written: its text, its TOML with every syntax mistake, and the
//! typed reading of its values. Every mistake has a place in the text.
//!
//! What the values mean together (names, duplicates, defaults) is not decided here.

pub(super) mod context;
pub(super) mod environment;
pub(super) mod quantity;
pub(super) mod reader;
pub(super) mod repair;
mod scalar;
mod secret;
pub(super) mod source;
pub(super) mod syntax;
pub(super) mod wording;
