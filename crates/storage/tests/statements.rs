//! What a service writes and reads, on both engines: one text, the same values, the same answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::Duration;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use tombolo_e2e::Postgres;
use tombolo_storage::{
    Column, Database, DatabaseUrl, Deadline, Error, Migrations, Outcome, Query, Retry, Row, Value,
    Violation,
};

const SQLITE: &str = "CREATE TABLE item (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, note TEXT, hash BLOB NOT NULL, size INTEGER,
    is_public BOOLEAN NOT NULL, score REAL, CHECK (size >= 0))";
const POSTGRES: &str = "CREATE TABLE item (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE, note TEXT,
    hash BYTEA NOT NULL, size BIGINT, is_public BOOLEAN NOT NULL, score DOUBLE PRECISION,
    CHECK (size >= 0))";

fn migrator(text: &'static str) -> &'static Migrator {
    let text = SqlStr::from_static(text);
    let step = Migration::new(1, "item".into(), MigrationType::Simple, text, false);
    Box::leak(Box::new(Migrator::with_migrations(vec![step])))
}

/// A new database of either engine, and what keeps it.
struct Store {
    database: Database,
    _folder: tempfile::TempDir,
    _postgres: Option<Postgres>,
}

async fn open(postgres: Option<Postgres>) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let url = match &postgres {
        Some(postgres) => postgres.url().parse().unwrap(),
        None => DatabaseUrl::of_file(&folder.path().join("test.db")),
    };
    let (sqlite, postgres_steps) = (migrator(SQLITE), migrator(POSTGRES));
    let migrations = Migrations { service: "test", sqlite, postgres: postgres_steps };
    let database = Database::open(&url, &migrations).await.unwrap();
    Store { database, _folder: folder, _postgres: postgres }
}

macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $name() {
                super::$name(&super::open(None).await.database).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $name() {
                if let Some(postgres) = tombolo_e2e::Postgres::start() {
                    super::$name(&super::open(Some(postgres)).await.database).await;
                }
            }
        )*}
    };
}

on_both!(
    every_kind_of_value_comes_back,
    lists_of_numbers_and_texts_are_one_value,
    a_refusal_changes_nothing_and_costs_no_connection,
    a_violation_is_named,
    a_row_is_locked_until_the_commit,
    what_was_not_done_is_tried_again,
);

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

/// An id of a service's own type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ItemId(i64);

impl From<ItemId> for Value {
    fn from(id: ItemId) -> Self {
        id.0.into()
    }
}

impl Column for ItemId {
    fn read(row: &Row, column: usize) -> Result<Self, Error> {
        row.get(column).map(Self)
    }
}

/// Adds an item with nothing but a name and a size.
async fn add(database: &Database, name: &'static str, size: u64) -> Result<ItemId, Error> {
    let add = "INSERT INTO item (name, hash, size, is_public) VALUES ($1, $2, $3, $4) RETURNING id";
    let add = Query::new(add).bind(name).bind([0; 4]).bind(size).bind(false);
    let rows = database.call(soon(), add).await?;
    rows[0].get(0)
}

async fn count(database: &Database) -> i64 {
    database.query(soon(), Query::new("SELECT count(*) FROM item")).await.unwrap()[0]
        .get(0)
        .unwrap()
}

async fn every_kind_of_value_comes_back(database: &Database) {
    let add = "INSERT INTO item (name, note, hash, size, is_public, score)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let hash: [u8; 32] = std::array::from_fn(|index| index as u8);
    let full = Query::new(add).bind("full").bind(Some("a note".to_owned())).bind(hash);
    let full = full.bind(i64::MAX.unsigned_abs()).bind(true).bind(0.5);
    let bare = Query::new(add).bind("bare".to_owned()).bind(None::<&str>).bind(vec![0, 255_u8]);
    let bare = bare.bind(None::<u64>).bind(false).bind(None::<f64>);
    let ids = database.write(soon(), |work| {
        Box::pin(async move {
            let first: Option<ItemId> = work.value(full).await?;
            Ok((first, work.value::<ItemId>(bare).await?))
        })
    });
    let (Some(first), Some(second)) = ids.await.unwrap() else { panic!("no id") };
    let find = "SELECT name, note, hash, size, is_public, score, 1 FROM item WHERE id = $1";
    let row = |id: ItemId| database.query(soon(), Query::new(find).bind(id));
    let row_of_first = &row(first).await.unwrap()[0];
    assert_eq!(row_of_first.get::<String>(0).unwrap(), "full");
    assert_eq!(row_of_first.get::<Option<String>>(1).unwrap().as_deref(), Some("a note"));
    assert_eq!(row_of_first.get::<[u8; 32]>(2).unwrap(), hash);
    assert!(row_of_first.get::<[u8; 31]>(2).is_err());
    assert_eq!(row_of_first.get::<u64>(3).unwrap(), i64::MAX.unsigned_abs());
    assert!(row_of_first.get::<u32>(3).is_err());
    assert!(row_of_first.get::<bool>(4).unwrap());
    assert_eq!(row_of_first.get::<Option<f64>>(5).unwrap(), Some(0.5));
    assert_eq!(row_of_first.get::<i64>(6).unwrap(), 1);
    let row_of_second = &row(second).await.unwrap()[0];
    assert_eq!(row_of_second.get::<Option<String>>(1).unwrap(), None);
    assert_eq!(row_of_second.get::<Vec<u8>>(2).unwrap(), [0, 255]);
    assert_eq!(row_of_second.get::<Option<u64>>(3).unwrap(), None);
    assert!(!row_of_second.get::<bool>(4).unwrap());
    let sum = Query::new("SELECT CAST(sum(size) AS BIGINT), count(*) FROM item");
    let rows = database.query(soon(), sum).await.unwrap();
    assert_eq!(rows[0].get::<i64>(0).unwrap(), i64::MAX);
}

async fn lists_of_numbers_and_texts_are_one_value(database: &Database) {
    let mut ids = Vec::new();
    for name in ["a", "b\"", "c"] {
        ids.push(add(database, name, 1).await.unwrap().0);
    }
    let names = async |query: Query| {
        let rows = database.query(soon(), query).await.unwrap();
        rows.iter().map(|row| row.get(0).unwrap()).collect::<Vec<String>>()
    };
    let some = Query::new("SELECT name FROM item WHERE id = ANY($1) ORDER BY id");
    assert_eq!(names(some.clone().bind(vec![ids[0], ids[2], 99])).await, ["a", "c"]);
    assert!(names(some.bind(Vec::<i64>::new())).await.is_empty());
    let others = Query::new("SELECT name FROM item WHERE id > $1 AND name <> ALL($2) ORDER BY id");
    let others = others.bind(0_i64).bind(vec!["b\"".to_owned()]);
    assert_eq!(names(others).await, ["a", "c"]);
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("too large")]
    TooLarge,
    #[error(transparent)]
    Database(#[from] Error),
}

async fn a_refusal_changes_nothing_and_costs_no_connection(database: &Database) {
    let insert = "INSERT INTO item (name, hash, is_public) VALUES ('x', $1, $2)";
    let insert = Query::new(insert).bind(vec![1_u8]).bind(true);
    for _ in 0..3 {
        let insert = insert.clone();
        let refused = database.write_or_refuse(soon(), |work| {
            Box::pin(async move {
                work.run(insert).await?;
                Err::<(), _>(Refusal::TooLarge)
            })
        });
        assert!(matches!(refused.await, Err(Refusal::TooLarge)));
    }
    assert_eq!(count(database).await, 0);
    let failing = database.write_or_refuse(soon(), |work| {
        Box::pin(async move {
            work.run(Query::new("INSERT INTO nowhere VALUES (1)")).await?;
            Ok::<_, Refusal>(())
        })
    });
    let Err(Refusal::Database(error)) = failing.await else { panic!("there is no such table") };
    assert_eq!(error.outcome(), Outcome::WillNotPass);
    add(database, "x", 1).await.unwrap();
}

async fn a_violation_is_named(database: &Database) {
    add(database, "a", 1).await.unwrap();
    let again = add(database, "a", 1).await.unwrap_err();
    assert_eq!(again.violation(), Some(Violation::Unique), "{again}");
    assert_eq!(again.outcome(), Outcome::WillNotPass);
    let negative = Query::new("UPDATE item SET size = -1");
    let negative = database.call(soon(), negative).await.unwrap_err();
    assert_eq!(negative.violation(), Some(Violation::Check), "{negative}");
    let missing = Query::new("UPDATE item SET name = NULL");
    let missing = database.call(soon(), missing).await.unwrap_err();
    assert_eq!(missing.violation(), Some(Violation::NotNull), "{missing}");
    assert_eq!(Error::Closed.violation(), None);
}

async fn a_row_is_locked_until_the_commit(database: &Database) {
    let id = add(database, "account", 0).await.unwrap();
    let mut adding = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let database = database.clone();
        adding.spawn(async move {
            let add = database.write(soon(), move |work| {
                Box::pin(async move {
                    let held = Query::new("SELECT size FROM item WHERE id = $1").for_update();
                    let held: Option<i64> = work.value(held.bind(id)).await?;
                    let set = Query::new("UPDATE item SET size = $1 WHERE id = $2");
                    work.run(set.bind(held.map(|held| held + 1)).bind(id)).await
                })
            });
            add.await
        });
    }
    assert!(adding.join_all().await.into_iter().all(|done| done.unwrap() == 1));
    let find = Query::new("SELECT size FROM item WHERE id = $1").bind(id);
    assert_eq!(database.query(soon(), find).await.unwrap()[0].get::<i64>(0).unwrap(), 8);
}

async fn what_was_not_done_is_tried_again(database: &Database) {
    let mut tries = 0;
    let done = Retry::new(soon()).run(|| {
        tries += 1;
        let is_first = tries == 1;
        async move {
            if is_first {
                return Err(Error::NoConnection);
            }
            let add = "INSERT INTO item (name, hash, is_public) VALUES ($1, $2, $3)";
            let add = Query::new(add).bind("once").bind(vec![0_u8]).bind(false);
            database.write(soon(), |work| Box::pin(async move { work.run(add).await })).await
        }
    });
    assert_eq!(done.await.unwrap(), 1);
    assert_eq!((tries, count(database).await), (2, 1));
}
