//! The tables. A step that was released is never changed: add another, and call it `breaks …` if
//! programs that do not know it cannot work with what it makes.

use sqlx::migrate::Migrator;
use tombolo_storage::Migrations;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Every step so far.
pub(super) const MIGRATIONS: Migrations =
    Migrations { service: "chat", sqlite: &SQLITE, postgres: &POSTGRES };
