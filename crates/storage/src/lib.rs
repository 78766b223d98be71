//! Where services keep what must not be lost: SQLite or PostgreSQL, opened, migrated and used in
//! one way by all of them.
//!
//! SQLite is for the replicas of one machine: a file in WAL mode that they share. PostgreSQL is
//! for several machines. Owned here: the address of a database, its connections and their limits,
//! transactions and their deadlines, the versions of its tables, what an error means, whether the
//! database is still the one it was ([`FilesError`], [`Database::settle`]), its health, backups.
//! Not owned: any service's tables or queries.
//!
//! [`Database::write`] and [`Database::read`] are the only ways in, with [`Database::call`] and
//! [`Database::query`] for one statement, [`Database::write_or_refuse`] for work that may decide
//! against itself, and [`Retry`] for another try. How statements are written for both engines is
//! told at [`Query`]. Connections are private, with places of their own for those who write, those
//! who read, the follower and checks of health; one that saw an error or a deadline is closed.
//!
//! A commit that returned is on the disk. SQLite runs with `synchronous = FULL`: with `NORMAL` a
//! WAL is synced at checkpoints only, so that a power failure may take commits back that were
//! acknowledged. PostgreSQL runs with `synchronous_commit = on`, or `remote_apply` if the server
//! has that; both are set on every connection.

mod backup;
mod codes;
mod connection;
mod connector;
mod database;
mod deadline;
mod error;
mod figures;
mod files;
mod health;
mod history;
pub mod limits;
mod listener;
mod migrate;
mod objects;
mod outcomes;
mod places;
mod postgres;
mod prober;
mod query;
mod retry;
mod row;
mod sqlite;
mod unit;
mod url;
mod watch;
mod work;

pub use backup::{
    BackupError, Copied, CopiedObjects, Inventory, Manifest, Stored, UNFINISHED_RESTORE, backup,
    restore,
};
pub use database::Database;
pub use deadline::Deadline;
pub use error::{Error, Fault, Outcome, Violation};
pub use figures::Figures;
pub use files::FilesError;
pub use health::{Condition, Health, Probe};
pub use listener::Listener;
pub use migrate::Migrations;
pub use objects::{Bucket, ObjectsUrl};
pub use outcomes::Counts;
pub use query::{Query, Value};
pub use retry::Retry;
pub use row::{Column, Row};
pub use url::{DatabaseUrl, Engine};
pub use watch::Watch;
pub use work::{Work, Working};
