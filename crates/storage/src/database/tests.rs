//! The entry point on SQLite; what needs a server is in the chat's contract.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Migrations from texts of a test's own. They live as long as the test's process.
fn migrations(steps: &[(i64, &'static str, &'static str)]) -> Migrations {
    let steps = steps.iter().map(|(version, name, text)| {
        let text = SqlStr::from_static(text);
        Migration::new(*version, (*name).into(), MigrationType::Simple, text, false)
    });
    let migrator: &'static Migrator =
        Box::leak(Box::new(Migrator::with_migrations(steps.collect())));
    Migrations { service: "test", sqlite: migrator, postgres: migrator }
}

const THING: (i64, &str, &str) =
    (1, "thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY); INSERT INTO thing VALUES (1);");

pub(super) fn one() -> Migrations {
    migrations(&[THING])
}

pub(super) fn url(folder: &tempfile::TempDir) -> DatabaseUrl {
    DatabaseUrl::of_file(&folder.path().join("new/folder/test.db"))
}

pub(super) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

async fn count(database: &Database) -> i64 {
    let rows = database.query(soon(), Query::new("SELECT count(*) FROM thing")).await.unwrap();
    rows[0].get(0).unwrap()
}

#[tokio::test]
async fn what_is_acknowledged_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), &one()).await.unwrap();
    // 2 is FULL: a sync for every commit.
    let synchronous = Query::new("PRAGMA synchronous");
    for rows in [
        database.call(soon(), synchronous.clone()).await.unwrap(),
        database.query(soon(), synchronous).await.unwrap(),
    ] {
        assert_eq!(rows[0].get::<i64>(0).unwrap(), 2);
    }
    assert!(database.query(soon(), Query::new("DELETE FROM thing")).await.is_err());
    let mode = std::fs::metadata(database.file().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_and_migrate_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder);
    let starters = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { Database::open(&url, &one()).await.map(drop) })
    });
    for starter in starters.collect::<Vec<_>>() {
        starter.await.unwrap().unwrap();
    }
    let database = Database::open(&url, &one()).await.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn tables_of_another_program_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder);
    let breaking = (2, "breaks older programs", "CREATE TABLE other (id INTEGER);");
    Database::open(&url, &migrations(&[THING, breaking])).await.unwrap();
    let changed = (1, "thing", "CREATE TABLE another (id INTEGER);");
    let expected = [(migrations(&[changed, breaking]), "another text"), (one(), "newer program")];
    for (migrations, words) in expected {
        let error = Database::open(&url, &migrations).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.is_passing());
    }
}

#[tokio::test]
async fn an_older_program_works_with_tables_that_only_grew() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder);
    let adding = (2, "more", "ALTER TABLE thing ADD COLUMN name TEXT;");
    Database::open(&url, &migrations(&[THING, adding])).await.unwrap();
    let database = Database::open(&url, &one()).await.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_tables_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder);
    let bad = (2, "bad", "CREATE TABLE half (id INTEGER); INSERT INTO nowhere VALUES (1);");
    let error = Database::open(&url, &migrations(&[THING, bad])).await.unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    let good = (2, "good", "CREATE TABLE half (id INTEGER);");
    let database = Database::open(&url, &migrations(&[THING, good])).await.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn what_an_earlier_program_noted_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder);
    // As the program before this one did it: the table by itself, and a note.
    let earlier = "CREATE TABLE thing (id INTEGER PRIMARY KEY); INSERT INTO thing VALUES (7);
        CREATE TABLE tombolo_migration (service TEXT NOT NULL, version INTEGER NOT NULL,
            name TEXT NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (service, version));
        INSERT INTO tombolo_migration VALUES ('test', 1, 'things', 'x');";
    let other = Migrations { service: "other", ..migrations(&[(1, "earlier", earlier)]) };
    Database::open(&url, &other).await.unwrap();
    let more = (2, "more", "INSERT INTO thing VALUES (8);");
    let database = Database::open(&url, &migrations(&[THING, more])).await.unwrap();
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear database, ".repeat(100)).unwrap();
    let error = Database::open(&DatabaseUrl::of_file(&path), &one()).await.unwrap_err();
    assert!(error.to_string().contains("no SQLite database"), "{error}");
}

#[tokio::test]
async fn work_that_fails_changes_nothing_and_its_connection_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), &one()).await.unwrap();
    let insert = Query::new("INSERT INTO thing VALUES ($1)");
    let hidden = database.write(soon(), |work| {
        Box::pin(async move {
            work.run(insert.clone().bind(2)).await?;
            // The same number again; the work hides that.
            let _ = work.run(insert.bind(2)).await;
            Ok(())
        })
    });
    assert_eq!(hidden.await.unwrap_err().outcome(), crate::Outcome::WillNotPass);
    assert_eq!(count(&database).await, 1);
    let insert = Query::new("INSERT INTO thing VALUES (3)");
    let written = database.write(soon(), |work| Box::pin(async move { work.run(insert).await }));
    assert_eq!(written.await.unwrap(), 1);
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn work_may_undo_itself_and_still_answer() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), &one()).await.unwrap();
    let insert = Query::new("INSERT INTO thing VALUES (2)");
    let answer = database.write(soon(), |work| {
        Box::pin(async move {
            work.run(insert).await?;
            work.undo();
            Ok("too poor")
        })
    });
    assert_eq!(answer.await.unwrap(), "too poor");
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_cut_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), &one()).await.unwrap();
    let insert = Query::new("INSERT INTO thing VALUES (2)");
    let (begun, mut has_begun) = tokio::sync::mpsc::channel(1);
    let (go, may_go) = tokio::sync::oneshot::channel::<()>();
    let writing = database.write(soon(), move |work| {
        Box::pin(async move {
            work.run(insert).await?;
            let _ = begun.send(()).await;
            let _ = may_go.await;
            Ok(())
        })
    });
    tokio::select! {
        _ = writing => panic!("it waits"),
        _ = has_begun.recv() => {}
    }
    // The caller is gone, its transaction is not: the next one waits for it.
    let insert = Query::new("INSERT INTO thing VALUES (3)");
    let next = database.write(soon(), |work| Box::pin(async move { work.run(insert).await }));
    go.send(()).unwrap();
    next.await.unwrap();
    assert_eq!(count(&database).await, 3);
}

#[tokio::test]
async fn a_deadline_holds_while_another_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (url, soon) = (url(&folder), soon());
    let database = Database::open(&url, &one()).await.unwrap();
    let other = Database::open(&url, &one()).await.unwrap();
    let (begun, mut has_begun) = tokio::sync::mpsc::channel(1);
    let (go, may_go) = tokio::sync::oneshot::channel::<()>();
    let holding = tokio::spawn(async move {
        let hold = other.write(soon, move |_| {
            Box::pin(async move {
                let _ = begun.send(()).await;
                let _ = may_go.await;
                Ok(())
            })
        });
        hold.await
    });
    has_begun.recv().await.unwrap();
    let insert = || Query::new("INSERT INTO thing VALUES (2)");
    let (start, limit) = (std::time::Instant::now(), Duration::from_millis(700));
    let (one, late) = (insert(), Deadline::after(limit));
    let late = database.write(late, |work| Box::pin(async move { work.run(one).await }));
    assert_eq!(late.await.unwrap_err().outcome(), crate::Outcome::NotDone);
    assert!(start.elapsed() >= limit, "{:?}", start.elapsed());
    go.send(()).unwrap();
    holding.await.unwrap().unwrap();
    let two = insert();
    database.write(soon, |work| Box::pin(async move { work.run(two).await })).await.unwrap();
    assert_eq!(count(&database).await, 2);
}

/// SQLite rolls back by itself when there is no room: the driver does not notice.
#[tokio::test]
async fn a_full_disk_passes() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), &one()).await.unwrap();
    let full = database.write(soon(), |work| {
        Box::pin(async move {
            work.rows(Query::new("PRAGMA max_page_count = 1")).await?;
            let fill = "CREATE TABLE big AS
                WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
                SELECT n, 'as much as fits into a page, and then some' AS text FROM n";
            work.run(Query::new(fill)).await
        })
    });
    let error = full.await.unwrap_err();
    assert!(error.to_string().contains("make room"), "{error}");
    assert_eq!(error.outcome(), crate::Outcome::WillNotPass);
    let insert = Query::new("INSERT INTO thing VALUES (2)");
    database.write(soon(), |work| Box::pin(async move { work.run(insert).await })).await.unwrap();
    assert_eq!(count(&database).await, 2);
}
