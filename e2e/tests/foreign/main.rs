//! Clients that are not ours, through the real gateway to real replicas of the site or to scripted
//! origins. Whatever they call a failure is one.
//!
//! A program that is missing fails its test with the package that brings it: `cargo xtask test`
//! installs them all. The PyPI and npm packages are kept under `target/e2e`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod alarms;
mod browser;
mod chat;
mod curl;
mod libraries;
mod load;
mod metrics;
mod site;
mod traces;

use std::path::PathBuf;

/// Where `cargo xtask test` keeps packages for tests, and where pictures are left to look at.
fn kept() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    target.parent().expect("a folder in the target folder").join("e2e")
}

/// Bytes that look like no pattern and are the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}
