//! An open database of either engine.

use crate::error::Error;
use crate::limits;
use crate::migrate::{self, Migrations};
use crate::patience::Patience;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::url::{DatabaseUrl, Engine};

/// An open database, its tables up to date. Clones share their connections.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file, shared by the processes of one machine.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

impl Database {
    /// Opens a database and brings a service's tables up to date. A database that is starting or
    /// busy is waited for, up to [`limits::OPEN_TIME`]; any number of processes may do this at the
    /// same time.
    ///
    /// # Errors
    /// When it cannot be reached, or its tables are not those this program knows.
    pub async fn open(url: &DatabaseUrl, migrations: &Migrations) -> Result<Self, Error> {
        let mut patience = Patience::of(limits::OPEN_TIME);
        let (database, applied) = loop {
            match Self::attempt(url, migrations).await {
                Err(error) if patience.again(&error).await => {}
                done => break done?,
            }
        };
        tracing::info!(database = %url, applied, "the database is open");
        Ok(database)
    }

    async fn attempt(url: &DatabaseUrl, migrations: &Migrations) -> Result<(Self, usize), Error> {
        match (url.engine(), url.file()) {
            (Engine::Sqlite, Some(path)) => {
                let sqlite = Sqlite::open(&path).await?;
                let applied = migrate::sqlite(&sqlite.writer, migrations).await?;
                Ok((Self::Sqlite(sqlite), applied))
            }
            _ => {
                let application = format!("tombolo {}", migrations.service);
                let postgres = Postgres::open(url.expose(), &application).await?;
                let applied = migrate::postgres(&postgres.pool, migrations).await?;
                Ok((Self::Postgres(postgres), applied))
            }
        }
    }

    /// Asks the database for something trivial: whether it can be reached and read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn check(&self) -> Result<(), Error> {
        let failed = Error::query("asking the database whether it is there");
        match self {
            Self::Sqlite(sqlite) => {
                sqlx::query("SELECT 1").execute(&sqlite.readers).await.map(drop).map_err(failed)
            }
            Self::Postgres(postgres) => {
                sqlx::query("SELECT 1").execute(&postgres.pool).await.map(drop).map_err(failed)
            }
        }
    }

    /// Ends the connections in order, after what they are doing.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.pool.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::Step;
    use sqlx::Row;
    use std::os::unix::fs::PermissionsExt;

    const FIRST: Step = Step {
        version: 1,
        name: "things",
        sqlite: "CREATE TABLE thing (id INTEGER PRIMARY KEY); INSERT INTO thing VALUES (1);",
        postgres: "CREATE TABLE thing (id BIGINT PRIMARY KEY); INSERT INTO thing VALUES (1);",
    };
    const ONE: Migrations = Migrations { service: "test", steps: &[FIRST] };

    fn url(folder: &tempfile::TempDir) -> DatabaseUrl {
        DatabaseUrl::of_file(&folder.path().join("new/folder/test.db"))
    }

    async fn open(url: &DatabaseUrl, migrations: &Migrations) -> Sqlite {
        match Database::open(url, migrations).await.unwrap() {
            Database::Sqlite(sqlite) => sqlite,
            Database::Postgres(_) => panic!("not SQLite"),
        }
    }

    #[tokio::test]
    async fn what_is_acknowledged_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = open(&url(&folder), &ONE).await;
        // 2 is FULL: a sync for every commit.
        for pool in [&sqlite.writer, &sqlite.readers] {
            let row = sqlx::query("PRAGMA synchronous").fetch_one(pool).await.unwrap();
            assert_eq!(row.get::<i64, _>(0), 2);
        }
        assert!(sqlx::query("DELETE FROM thing").execute(&sqlite.readers).await.is_err());
        let mode = std::fs::metadata(sqlite.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_may_open_and_migrate_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let url = url(&folder);
        let starters = (0..8).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Database::open(&url, &ONE).await.map(drop) })
        });
        for starter in starters.collect::<Vec<_>>() {
            starter.await.unwrap().unwrap();
        }
        let sqlite = open(&url, &ONE).await;
        let row = sqlx::query("SELECT count(*) FROM thing").fetch_one(&sqlite.readers).await;
        assert_eq!(row.unwrap().get::<i64, _>(0), 1);
    }

    #[tokio::test]
    async fn tables_of_another_program_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let url = url(&folder);
        open(&url, &ONE).await;
        const CHANGED: Migrations = Migrations {
            service: "test",
            steps: &[Step { sqlite: "CREATE TABLE other (id INTEGER);", ..FIRST }],
        };
        const OLDER: Migrations = Migrations { service: "test", steps: &[] };
        for (migrations, words) in [(CHANGED, "another text"), (OLDER, "newer program")] {
            let error = Database::open(&url, &migrations).await.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert!(!error.is_passing());
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.txt");
        std::fs::write(&path, "Dear database, ".repeat(100)).unwrap();
        let error = Database::open(&DatabaseUrl::of_file(&path), &ONE).await.unwrap_err();
        assert!(error.to_string().contains("no SQLite database"), "{error}");
    }
}
