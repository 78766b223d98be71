//! `tombolo up` as a user meets it: real processes, real signals, real connections.

// Outside of a test function itself, clippy does not know that this is one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod ending;
mod harness;
mod serving;
mod starting;
mod terminal;
