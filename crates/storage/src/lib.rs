//! Where services keep what must not be lost: SQLite or PostgreSQL, opened, migrated and checked
//! in one way for all of them.
//!
//! SQLite is for the replicas of one machine: a file in WAL mode that they share. PostgreSQL is
//! for several machines. Owned here: the address of a database, its connections and their limits,
//! the versions of its tables, what an error means. Not owned: any service's tables or queries.
//!
//! A commit that returned is on the disk. SQLite runs with `synchronous = FULL`: with `NORMAL` a
//! WAL is synced at checkpoints only, so that a power failure may take commits back that were
//! acknowledged. PostgreSQL runs with `synchronous_commit = on`, or what the server was set to if
//! that is stricter.

mod database;
mod error;
pub mod limits;
mod migrate;
mod patience;
mod postgres;
mod sqlite;
mod url;

pub use database::Database;
pub use error::{Error, Fault};
pub use migrate::{Migrations, Step};
pub use postgres::Postgres;
pub use sqlite::Sqlite;
pub use url::{DatabaseUrl, Engine};
