//! Whether a response may be stored, and in what form (RFC 9111 section 3).

mod compose;
mod plan;
mod refusal;

pub use plan::{Exchange, Plan, is_endless, storable};
pub use refusal::NotStored;

/// Metadata of a stored head that was merged or completed: what the same response would have
/// been given had it come like this.
pub(crate) use plan::restorable;
#[cfg(test)]
mod tests;
