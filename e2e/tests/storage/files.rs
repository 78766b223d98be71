//! The files of a SQLite database: a log is never paired with the wrong file, and nothing is
//! acknowledged into files that are no longer there.

use std::fs;
use std::path::PathBuf;

use tombolo_e2e::{Tombolo, eventually};

use crate::replica::{epoch, log, post, post_surely, start, start_at};

struct Place {
    folder: tempfile::TempDir,
    url: String,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("t.db").display());
    Place { folder, url }
}

impl Place {
    fn file(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("t.db{suffix}"))
    }

    /// A copy of what is there now, as SQLite would make it.
    fn copy(&self) -> PathBuf {
        let backup = self.folder.path().join("copy");
        let folder = backup.display().to_string();
        let done = Tombolo::run(self.folder.path(), &["backup", &folder, "--database", &self.url]);
        assert_eq!(done.code, Some(0), "{done:?}");
        backup.join("database.sqlite")
    }
}

fn fill(replica: &Tombolo, prefix: &str, count: usize) -> Vec<String> {
    let texts: Vec<_> = (0..count).map(|number| format!("{prefix}-{number}")).collect();
    for text in &texts {
        post_surely(replica.address(), text);
    }
    texts
}

#[test]
fn a_copy_put_in_place_after_a_crash_is_served_alone() {
    let place = place();
    let mut replica = start(&place.url);
    let kept = fill(&replica, "before", 30);
    let copy = place.copy();
    fill(&replica, "after", 40);
    let before = epoch(replica.address());
    replica.kill();
    assert!(place.file("-wal").exists(), "a crash leaves the log");
    fs::rename(copy, place.file("")).unwrap();
    let replica = start(&place.url);
    assert_eq!(log(replica.address()), kept);
    assert_ne!(epoch(replica.address()), before);
    replica.stderr().wait_for("words about the log", |line| {
        line.contains("belonged to another file").then_some(())
    });
    let names = fs::read_dir(place.folder.path()).unwrap().flatten();
    let aside = |name: &str| name.starts_with("t.db-wal.foreign-");
    assert!(names.into_iter().any(|entry| aside(&entry.file_name().to_string_lossy())));
}

#[test]
fn a_copy_written_over_the_file_after_a_crash_is_served_alone() {
    let place = place();
    let mut replica = start(&place.url);
    let kept = fill(&replica, "before", 10);
    let copy = place.copy();
    fill(&replica, "after", 10);
    let before = epoch(replica.address());
    replica.kill();
    fs::write(place.file(""), fs::read(copy).unwrap()).unwrap();
    let replica = start(&place.url);
    assert_eq!(log(replica.address()), kept);
    assert_ne!(epoch(replica.address()), before);
}

#[test]
fn a_crash_alone_loses_nothing_and_keeps_the_epoch() {
    let place = place();
    let mut replica = start(&place.url);
    let texts = fill(&replica, "text", 10);
    let before = epoch(replica.address());
    replica.kill();
    let replica = start(&place.url);
    assert_eq!(log(replica.address()), texts);
    assert_eq!(epoch(replica.address()), before);
}

#[test]
fn a_file_replaced_under_replicas_ends_them_and_is_served_whole() {
    let place = place();
    let mut replicas: Vec<_> = (0..2).map(|_| start(&place.url)).collect();
    let kept = fill(&replicas[0], "before", 20);
    let copy = place.copy();
    fill(&replicas[1], "after", 30);
    fs::rename(copy, place.file("")).unwrap();
    for replica in &mut replicas {
        let late = post(replica.address(), "late");
        assert!(!matches!(late, Some((200 | 201, _))), "acknowledged into no file: {late:?}");
    }
    replicas.iter_mut().for_each(|replica| assert!(!replica.wait_for_exit().success()));
    let replica = start(&place.url);
    assert_eq!(log(replica.address()), kept);
}

#[test]
fn a_log_removed_under_replicas_loses_nothing_that_was_acknowledged() {
    let place = place();
    let mut replicas: Vec<_> = (0..2).map(|_| start(&place.url)).collect();
    let mut acknowledged = fill(&replicas[0], "before", 20);
    fs::remove_file(place.file("-wal")).unwrap();
    for number in 0..6 {
        let text = format!("after-{number}");
        if let Some((201, _)) = post(replicas[number % 2].address(), &text) {
            acknowledged.push(text);
        }
    }
    replicas.iter_mut().for_each(|replica| assert!(!replica.wait_for_exit().success()));
    let replica = start(&place.url);
    let there = log(replica.address());
    for text in acknowledged {
        assert!(there.contains(&text), "{text} is lost: {there:?}");
    }
}

#[test]
fn an_index_removed_under_replicas_never_gives_two_sets_of_locks() {
    let place = place();
    let mut replicas: Vec<_> = (0..2).map(|_| start(&place.url)).collect();
    let mut acknowledged = fill(&replicas[0], "before", 20);
    fs::remove_file(place.file("-shm")).unwrap();
    // One of them starts again while the other still has the files.
    let address = replicas[0].address();
    replicas[0].kill();
    replicas[0] = start_at(&place.url, address);
    eventually("the other to end and this one to serve", || {
        for (number, replica) in replicas.iter().enumerate() {
            let text = format!("after-{number}-{}", acknowledged.len());
            let address = if number == 0 { address } else { replica.address() };
            if let Some((201, _)) = post(address, &text) {
                acknowledged.push(text);
            }
        }
        (!replicas[1].runs() && acknowledged.len() >= 25).then_some(())
    });
    replicas.iter_mut().for_each(Tombolo::kill);
    let there = log(start(&place.url).address());
    for text in acknowledged {
        assert!(there.contains(&text), "{text} is lost: {there:?}");
    }
}

#[test]
fn files_that_were_copied_together_are_refused_until_somebody_says_so() {
    let place = place();
    let mut replica = start(&place.url);
    let texts = fill(&replica, "text", 10);
    replica.kill();
    let other = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal", "-identity"] {
        let name = format!("t.db{suffix}");
        fs::copy(place.file(suffix), other.path().join(name)).unwrap();
    }
    let url = format!("sqlite:{}", other.path().join("t.db").display());
    let mut refused = start_at(&url, "127.0.0.1:0".parse().unwrap());
    assert!(!refused.wait_for_exit().success());
    assert!(refused.stderr().text().contains("copied together"), "{}", refused.stderr().text());
    fs::remove_file(other.path().join("t.db-identity")).unwrap();
    assert_eq!(log(start(&url).address()), texts);
}
