//! How long sound and moving pictures last, read from the files themselves: by a child process that is
//! confined like the one that makes thumbnails, since what strangers send breaks readers. It sees as
//! little of a file as it asks for, and asks its parent for each piece.
//!
//! | file | one idea |
//! |---|---|
//! | `measure.rs` | what a file says of its length |
//! | `asking.rs` | the child's side: a file whose pieces are asked for |
//! | `process.rs` | the parent's side: few children, each with bounds |

mod asking;
mod measure;
mod process;

pub(crate) use self::asking::run;
pub(crate) use self::process::Lengths;

/// Whether a media type has a length that is read.
pub(crate) fn has_length(media_type: &str) -> bool {
    let (top, sub) = media_type.split_once('/').unwrap_or_default();
    matches!(top, "audio" | "video") || (top == "application" && sub == "ogg")
}
