//! The site over real sockets: what a client sees, byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod conditional;
mod connections;
mod drain;
mod encodings;
mod files;
mod harness;
mod landing;
mod methods;
mod paths;
mod ranges;
mod start;
