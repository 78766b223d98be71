//! What an operator sees: logs, signals, mistakes and how each is told, pages for visitors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod access_log;
mod command_line;
mod faults;
mod log_files;
mod names;
mod pages;
mod process_names;
mod program_log;
mod shutdown;
