//! Active checks: each server of an upstream with `health` is asked from time to time whether it is
//! well. On the control plane's thread, over connections of their own; the data plane sees only what
//! comes of it.
//!
//! | file | one idea |
//! |---|---|
//! | `schedule.rs` | when a server is asked, and what becomes of the answers |
//! | `ask.rs` | one check: connect, and for HTTP ask and read |

mod ask;
mod schedule;

pub(super) use ask::fetch;
pub(super) use schedule::start;
