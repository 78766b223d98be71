//! Rate limits: how often a client, or whoever a header names, may ask a route.
//!
//! | file | one idea |
//! |---|---|
//! | `pace.rs` | a token bucket as one time: pure |
//! | `table.rs` | the buckets of all keys, in a table of fixed size that threads share without a lock |
//! | `key.rs` | whose bucket a request takes from |
//! | `limiter.rs` | a route's limit, applied |
//! | `allowance.rs` | what is left of it, as answers tell it |

mod allowance;
mod key;
mod limiter;
mod pace;
mod table;

pub(crate) use allowance::Allowance;
pub(crate) use key::{client, client_address, subscriber};
pub(crate) use limiter::{Exceeded, Facts, Limiter};
pub(crate) use table::Table;
