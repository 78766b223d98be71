//! A database of a test's own, on either engine.
#![allow(clippy::unwrap_used, reason = "tests")]

mod world;

use std::path::Path;
use std::time::Duration;

use tombolo_e2e::Postgres;
use tombolo_storage::{Database, DatabaseUrl, Deadline};

pub(crate) use self::world::{Answer, Someone, World};
use crate::schema::MIGRATIONS;

/// Where a test's rows are.
pub(crate) struct Store {
    folder: tempfile::TempDir,
    server: Option<Postgres>,
}

impl Store {
    /// Each engine that is here, with its name.
    pub(crate) fn each() -> Vec<Self> {
        let folder = || tempfile::tempdir().unwrap();
        let mut all = vec![Self { folder: folder(), server: None }];
        all.extend(Postgres::start().map(|server| Self { folder: folder(), server: Some(server) }));
        all
    }

    /// One on SQLite.
    pub(crate) fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        match &self.server {
            Some(server) => server.url().parse().unwrap(),
            None => DatabaseUrl::of_file(&self.folder.path().join("library.db")),
        }
    }

    pub(crate) async fn open(&self) -> Database {
        Database::open(&self.url(), &MIGRATIONS).await.unwrap()
    }
}

/// Long enough for anything.
pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}
