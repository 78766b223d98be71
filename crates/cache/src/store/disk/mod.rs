//! Files: where they lie, how they are read, written and removed. Everything here blocks and runs
//! on the store's own threads.

mod body;
mod draft;
mod layout;
mod load;
mod tag;
mod walk;

pub use body::{BodyError, FileBody};
pub(super) use draft::Draft;
pub(super) use layout::{Dir, Layout};
pub(super) use load::{
    LoadError, Loaded, LoadedBody, load, read_checked, read_front, read_piece, read_table,
};
pub use tag::examine;
pub(super) use walk::{files, note_use, walk};
