//! The ledger: what was invoiced, paid, refunded and credited, in double entry.
//!
//! It is append-only. A transaction is known by its kind and what it is about, so that the same one
//! again changes nothing; a mistake is mended by a transaction that reverses another. Every
//! transaction's entries sum to 0 in each currency, every balance is the sum of its entries, so
//! every report can be made again and comes out the same.
//!
//! Owned here: money, entries, balances. Not owned: when something is owed, or paid.

mod account;
mod money;
pub(crate) mod store;
mod transaction;

#[cfg(test)]
pub(crate) mod book;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use account::Account;
pub(crate) use money::{Currency, Money};
#[cfg(test)]
pub(crate) use transaction::{Entry, Kind};
pub(crate) use transaction::{Transaction, Unbalanced};
