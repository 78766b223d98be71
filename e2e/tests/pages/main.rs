//! The pages as people use them, in a real browser, through the real gateway to real replicas.
//!
//! Pictures of each page are left under `target/e2e`, to look at.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod chat;
mod console;
mod judging;
mod services;
