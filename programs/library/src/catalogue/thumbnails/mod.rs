//! Small pictures of images. Decoders work on strangers' bytes, so they run in a child process of
//! this same program, one for each picture, which can do nothing but read, think and write.
//!
//! - `picture.rs` makes a small picture out of a large one: pure.
//! - `worker.rs` is the child.
//! - `process.rs` is its parent's side: how many at once, and for how long.

mod picture;
mod process;
mod worker;

pub use self::process::ChildProgram;
pub(crate) use self::process::{Made, Thumbnails};
pub(crate) use self::worker::run;

/// Whether a small picture can be made of such content.
pub(crate) fn can_show(media_type: &str) -> bool {
    matches!(media_type, "image/jpeg" | "image/png" | "image/gif" | "image/webp" | "image/bmp")
}

/// What a small picture is, by its first bytes: it is one of two.
pub(crate) fn media_type(picture: &[u8]) -> &'static str {
    if picture.starts_with(&[0xff, 0xd8]) { "image/jpeg" } else { "image/png" }
}
