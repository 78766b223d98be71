//! `tombolo backup` and `tombolo restore`: while everything runs, on both engines, and through
//! kills in the middle of both.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tombolo_e2e::{Chance, Finished, Postgres, Tombolo, eventually};

use crate::replica::{epoch, log, post_surely, start};

fn tombolo(folder: &Path, arguments: &[&str]) -> Finished {
    Tombolo::run(folder, arguments)
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let finished = tombolo(folder, arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:?}");
    finished.stdout
}

fn refused(folder: &Path, arguments: &[&str], words: &str) {
    let finished = tombolo(folder, arguments);
    assert_eq!(finished.code, Some(1), "{arguments:?}: {finished:?}");
    assert!(finished.stderr.contains(words), "{words}: {finished:?}");
}

#[test]
fn a_backup_of_sqlite_holds_what_was_acknowledged_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let old = format!("sqlite:{}", at.join("old.db").display());
    let new = format!("sqlite:{}", at.join("deep/new.db").display());
    let replica = start(&old);
    let texts: Vec<String> = (0..20).map(|number| format!("before-{number}")).collect();
    for text in &texts {
        post_surely(replica.address(), text);
    }
    let said = done(at, &["backup", "monday", "--database", &old]);
    assert!(said.contains("checked"), "{said}");
    post_surely(replica.address(), "after");
    refused(at, &["backup", "monday", "--database", &old], "not empty");
    refused(at, &["restore", "monday", "--database", &old], "never overwrites");
    let before = epoch(replica.address());
    drop(replica);
    done(at, &["restore", "monday", "--database", &new]);
    refused(at, &["restore", "monday", "--database", &new], "never overwrites");
    let replica = start(&new);
    assert_eq!(log(replica.address()), texts);
    assert_ne!(epoch(replica.address()), before, "readers have to begin anew");
    assert_eq!(post_surely(replica.address(), "new"), 21);
}

#[test]
fn a_restore_in_place_keeps_the_old_log_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let database = format!("sqlite:{}", at.join("t.db").display());
    let mut replica = start(&database);
    post_surely(replica.address(), "kept");
    done(at, &["backup", "b", "--database", &database]);
    post_surely(replica.address(), "later");
    fs::rename(at.join("t.db"), at.join("t.db.before")).unwrap();
    replica.kill();
    assert!(at.join("t.db-wal").exists(), "a crash leaves the log");
    done(at, &["restore", "b", "--database", &database]);
    assert!(!at.join("t.db-wal").exists());
    let replica = start(&database);
    assert_eq!(log(replica.address()), ["kept"]);
}

#[test]
fn a_restore_under_running_replicas_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let database = format!("sqlite:{}", at.join("t.db").display());
    let replica = start(&database);
    post_surely(replica.address(), "kept");
    done(at, &["backup", "b", "--database", &database]);
    // Another process holds the index until it notices; this one cannot.
    replica.signal(rustix::process::Signal::STOP);
    fs::rename(at.join("t.db"), at.join("t.db.before")).unwrap();
    refused(at, &["restore", "b", "--database", &database], "processes still run");
    assert!(!at.join("t.db").exists());
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let database = format!("sqlite:{}", at.join("t.db").display());
    post_surely(start(&database).address(), "kept");
    done(at, &["backup", "b", "--database", &database]);
    let copy = at.join("b/database.sqlite");
    let mut bytes = fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&copy, bytes).unwrap();
    refused(at, &["restore", "b", "--database", "sqlite:new.db"], "use another backup");
    refused(at, &["restore", "nothing", "--database", "sqlite:new.db"], "is not there");
    refused(at, &["backup", "c", "--database", "sqlite:no.db"], "is not there");
    assert!(!at.join("new.db").exists() && !at.join("no.db").exists() && !at.join("c").exists());
}

#[test]
fn kills_in_the_middle_leave_nothing_or_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let database = format!("sqlite:{}", at.join("t.db").display());
    let replica = start(&database);
    for number in 0..40 {
        post_surely(replica.address(), &format!("{number:03}-{}", "x".repeat(3900)));
    }
    let whole = log(replica.address());
    let mut chance = Chance::new();
    let mut kill_within = |arguments: &[&str]| {
        let mut process = Tombolo::program_in(at, arguments);
        // The moment of the kill is the test's load.
        thread::sleep(Duration::from_millis(chance.below(90) as u64));
        process.kill().unwrap();
        process.wait().unwrap();
    };
    for _ in 0..12 {
        kill_within(&["backup", "b", "--database", &database]);
        if at.join("b").exists() {
            done(at, &["restore", "b", "--database", "sqlite:check.db"]);
            fs::remove_file(at.join("check.db")).unwrap();
            fs::remove_dir_all(at.join("b")).unwrap();
        }
    }
    done(at, &["backup", "b", "--database", &database]);
    assert!(!at.join("b.part").exists());
    for _ in 0..12 {
        kill_within(&["restore", "b", "--database", "sqlite:new.db"]);
        if at.join("new.db").exists() {
            assert_eq!(
                fs::read(at.join("new.db")).unwrap(),
                fs::read(at.join("b/database.sqlite")).unwrap()
            );
            fs::remove_file(at.join("new.db")).unwrap();
        }
    }
    done(at, &["restore", "b", "--database", "sqlite:new.db"]);
    let restored = start(&format!("sqlite:{}", at.join("new.db").display()));
    assert_eq!(log(restored.address()), whole);
}

#[test]
fn kills_in_the_middle_of_a_backup_of_postgres_leave_nothing_or_all_of_it() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (at, database) = (folder.path(), postgres.url());
    let replica = start(&database);
    post_surely(replica.address(), "first");
    // So much that writing it takes a while.
    postgres.query(
        "INSERT INTO chat_message (room, seq, id, author, text, time, replica, key)
        SELECT 1, n, n, 'a', repeat(md5(n::text), 60), 0, 'r', n FROM generate_series(2, 4000) AS n;
        UPDATE chat_room SET last_seq = 4000",
    );
    let mut chance = Chance::new();
    let mut kept = 0;
    for number in 0..10 {
        let mut process = Tombolo::program_in(at, &["backup", "b", "--database", &database]);
        // The moment of the kill is the test's load.
        thread::sleep(Duration::from_millis(chance.below(700) as u64));
        process.kill().unwrap();
        process.wait().unwrap();
        if at.join("b").exists() {
            kept += 1;
            let new = postgres.new_database(&format!("check_{number}"));
            done(at, &["restore", "b", "--database", &new]);
            fs::remove_dir_all(at.join("b")).unwrap();
        }
    }
    eprintln!("{kept} of 10 backups were complete before the kill");
    eventually("the server to be rid of what was killed", || {
        let left =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tombolo backup'";
        (postgres.query(left) == "0").then_some(())
    });
    done(at, &["backup", "b", "--database", &database]);
    assert!(!at.join("b.part").exists());
    let new = postgres.new_database("restored");
    done(at, &["restore", "b", "--database", &new]);
    let restored = start(&new);
    assert_eq!(post_surely(restored.address(), "next"), 4001);
}

#[test]
fn a_backup_of_postgres_comes_back_into_an_empty_database() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (old, new) = (postgres.url(), postgres.new_database("restored"));
    let replica = start(&old);
    let texts: Vec<String> = (0..20).map(|number| format!("before-{number}")).collect();
    for text in &texts {
        post_surely(replica.address(), text);
    }
    done(at, &["backup", "monday", "--database", &old]);
    let before = epoch(replica.address());
    refused(at, &["restore", "monday", "--database", &old], "end the processes");
    drop(replica);
    eventually("the server to notice that the replica is gone", || {
        let words = tombolo(at, &["restore", "monday", "--database", &old]).stderr;
        words.contains("never overwrites").then_some(())
    });
    refused(at, &["restore", "monday", "--database", "sqlite:x.db"], "PostgreSQL");
    let mut chance = Chance::new();
    for _ in 0..4 {
        let mut process = Tombolo::program_in(at, &["restore", "monday", "--database", &new]);
        thread::sleep(Duration::from_millis(chance.below(150) as u64));
        process.kill().unwrap();
        process.wait().unwrap();
    }
    // Every kill left all or nothing; a killed load's transaction ends when the server notices.
    eventually("all of it, or an empty database", || {
        let finished = tombolo(at, &["restore", "monday", "--database", &new]);
        (finished.code == Some(0) || finished.stderr.contains("tables already")).then_some(())
    });
    let replica = start(&new);
    assert_eq!(log(replica.address()), texts);
    assert_ne!(epoch(replica.address()), before, "readers have to begin anew");
    assert_eq!(post_surely(replica.address(), "new"), 21);
}
