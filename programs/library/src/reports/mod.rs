//! Reports: billing, payments and traffic over any span of days, as JSON, CSV or PDF.
//!
//! A report is a function of rows that are never changed, so it can be made again and comes out the
//! same, and adjoining spans add up. Users see their own, admins everybody's.

mod comma_separated;
mod pdf;
mod routes;
mod span;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use self::routes::routes;
