//! Plans and what they allow, subscriptions and their months.
//!
//! Owned here: which plan a user has, the counts that its limits are held against ([`quota`],
//! [`traffic`]), when a subscription begins, renews, changes and ends. Not owned: invoices and
//! payments ([`crate::payments`]), and who holds a limit of transfers against whom.

pub(crate) mod change;
mod edit;
mod list;
pub(crate) mod period;
pub(crate) mod plan;
pub(crate) mod quota;
pub(crate) mod subscription;
mod subscriptions;
pub(crate) mod traffic;

#[cfg(test)]
mod quota_tests;

use crate::http::Routes;

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    list::routes().merge(edit::routes()).merge(subscriptions::routes())
}
