//! Health of a SQLite file whose bytes change underneath.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use super::tests::{one, soon, url};
use super::*;
use crate::health::Probe;

const PROBE: Probe =
    Probe { read: "SELECT max(id) FROM thing", write: "UPDATE thing SET id = id WHERE id = 1" };

/// What a page of SQLite holds unless told otherwise.
const PAGE: usize = 4096;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_damaged_is_told_at_once_though_its_pages_are_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), &one()).await.unwrap();
    // Into the file: what is in the log is not read from there.
    database.call(soon(), Query::new("PRAGMA wal_checkpoint(TRUNCATE)")).await.unwrap();
    for _ in 0..3 {
        let health = database.health(PROBE, soon()).await;
        assert!(health.reads.is_well() && health.writes.is_well(), "{health:?}");
    }
    let file = OpenOptions::new().write(true).open(database.file().unwrap()).unwrap();
    let bytes = usize::try_from(file.metadata().unwrap().len()).unwrap();
    let noise: Vec<u8> = (0..bytes - PAGE).map(|_| fastrand::u8(..)).collect();
    file.write_all_at(&noise, PAGE as u64).unwrap();
    let health = database.health(PROBE, soon()).await;
    assert!(!health.reads.is_well(), "{health:?}");
}
