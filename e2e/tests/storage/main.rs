//! What storage promises, with real processes: files that belong together, backups that come back,
//! and health that tells the truth.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod backups;
mod chaos;
mod earlier;
mod failover;
mod files;
#[path = "../chat/history.rs"]
mod history;
mod metrics;
mod power;
#[path = "../chat/reader.rs"]
mod reader;
mod replica;
#[path = "../cache_faults/small_disk.rs"]
mod small_disk;
mod words;
#[path = "../chat/writer.rs"]
mod writer;
