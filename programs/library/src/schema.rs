//! The tables. A step that was released is never changed: add another, and call it `breaks …` if
//! programs that do not know it cannot work with what it makes.
//!
//! Every table's name begins with `library_`: the chat's may be in the same database.

use sqlx::migrate::Migrator;
use tombolo_storage::{Migrations, Probe};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Every step so far.
pub(crate) const MIGRATIONS: Migrations =
    Migrations { service: "library", sqlite: &SQLITE, postgres: &POSTGRES };

/// What shows whether the database can be used: a row that every session begins with, and one that
/// is written without a change.
pub(crate) const PROBE: Probe = Probe {
    read: "SELECT one, (SELECT max(id) FROM library_user) FROM library_state",
    write: "UPDATE library_state SET one = one",
};
