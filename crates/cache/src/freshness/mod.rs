//! Freshness (RFC 9111 section 4.2): how old a response is, how long it is fresh, and what a
//! stored one is good for when a request comes.

mod age;
mod judge;
mod lifetime;

pub use age::{Arrival, age_field, current_age_ms, initial_age_ms};
pub use judge::{Judgement, Mark, Staleness, Verdict, Why, is_origin_error, judge};
pub use lifetime::{Lifetime, lifetime};
pub(crate) use lifetime::{date as date_of, is_heuristically_cacheable};
