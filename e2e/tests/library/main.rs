//! The library as its users have it: three replicas behind the gateway, real processes, foreign
//! clients, and whoever kills them.
//!
//! The short form runs with the others; the long one when asked for:
//!
//! ```text
//! cargo xtask test --long library
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod api;
mod backups;
mod cluster;
mod cuts;
mod foreign;
mod full_disk;
mod interim;
mod jmeter;
mod killed;
mod long;
mod page;
mod person;
mod s3;
mod users;

use std::path::PathBuf;

/// Where `cargo xtask test` keeps packages for tests.
fn kept() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    target.parent().expect("a folder in the target folder").join("e2e")
}

/// Bytes that look like no pattern and are the same in every run.
fn noise(length: usize) -> Vec<u8> {
    tombolo_e2e::Chance::from_seed(7).bytes(length)
}
