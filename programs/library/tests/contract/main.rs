//! The contract of the library, over real sockets, on both databases: what docs/protocols/library.md
//! promises, whichever replica is asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod accounts;
mod client;
mod payments;
mod replicas;
mod uploads;
mod way_in;

/// Makes two tests of a function: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        mod sqlite {
            $($(#[$attribute])* #[test] fn $name() { super::$name(crate::replicas::Store::sqlite()); })*
        }
        mod postgres {
            $($(#[$attribute])* #[test] fn $name() {
                if let Some(store) = crate::replicas::Store::postgres() { super::$name(store); }
            })*
        }
    };
}
pub(crate) use on_both;
