//! Conditions both ways (RFC 9111 section 4.3): clients' answered from what is stored, and our
//! own sent to find out whether what is stored still holds.

pub mod etag;
mod freshen;
mod precondition;
mod request;

pub use freshen::{Freshened, HeadEffect, freshen, head_effect, is_selected, update};
pub use precondition::{Precondition, precondition, write_not_modified};
pub use request::{CONDITIONS, Confirmed, Validation, validation};

#[cfg(test)]
mod tests;
