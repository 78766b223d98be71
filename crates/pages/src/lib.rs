//! The pages of our services: a page in each language, filled in once, and the files that it asks
//! for, all part of the program.
//!
//! Owned here: filling in, entity tags, conditions, languages, and the fields that keep anything
//! foreign out of a page. Not owned: what a page shows, and where a service has its routes.

mod answer;
mod files;
mod mistakes;

pub use answer::Answer;
pub use files::{CSS, File, PageError, Pages, SCRIPT, SVG, Source};
