//! Ranges (RFC 9110 section 14, RFC 9111 sections 3.3 and 3.4): which bytes of a stored
//! representation answer a request, and how parts become a whole.

mod content_range;
mod multipart;
mod partial;
mod request;
mod select;

pub use content_range::{content_range, write_content_range, write_unsatisfied};
pub use multipart::Multipart;
pub use partial::{Completion, Joining, complete_head, completion, join};
pub use request::{ByteRange, RANGES_MAX, Ranges, ranges};
pub use select::{Selection, select};

#[cfg(test)]
mod tests;
