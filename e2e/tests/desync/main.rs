//! Every row of the framing and desync rules, over real sockets.
//!
//! The evidence is what the origin recorded: for a refused message that nothing whole went
//! upstream and the smuggled part was never taken for a request; for an accepted one the exact
//! requests that arrived. Each request goes in twice, in one piece and byte by byte.
//!
//! Rows by file: 1 to 9 `framing`, 10 to 15 and 25, 26 `fields`, 16 to 20 `chunks`, 21 `host`,
//! 22 to 24 `bodies`, 29 and the response side of 10 `responses` and `pooling`. Rows 27 and 28
//! speak of HTTP/2 and row 30 of HTTP/3, which the gateway does not offer yet; they are not
//! applicable until it does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bodies;
mod chunks;
mod evidence;
mod fields;
mod framing;
mod host;
mod pooling;
mod request_line;
mod responses;
mod splits;
