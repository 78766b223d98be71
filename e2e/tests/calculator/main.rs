//! The calculator as a process: what its protocol's document promises, for clients that behave, for
//! those that do not, and while replicas die.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod command;
mod crowded;
mod document;
mod draining;
mod fair;
mod front;
mod hostile;
mod losing;
mod orchestrated;
mod prompt;
mod replica;
