//! Real processes and real sockets: the harness that end-to-end tests share.
//!
//! Owns: starting the real `tombolo` binary ([`Tombolo`]), scripted origins that record every byte
//! the gateway sends them ([`Origin`]), a raw client ([`Client`]) and a message reader of its own
//! ([`Head`], [`Wire`]), written without the product's codec so that it can judge it.
//!
//! [`Postgres`] is a database server of a test's own, [`browser`] a real browser.
//!
//! Refuses: knowing how the gateway works inside. A test says what goes in at one socket and what
//! has to come out at the other. Everything waits for an event with the one deadline [`PATIENCE`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test harness reports by panicking: that is what fails the test"
)]

pub mod browser;
mod chance;
mod client;
mod dns;
mod foreign;
mod gate;
mod head;
mod link;
mod origin;
mod output;
mod patience;
mod postgres;
mod process;
mod refusing;
pub mod scripts;
mod setup;
mod small_disk;
mod terminal;
mod tombolo;
mod wire;

pub use chance::Chance;
pub use client::{Client, Response};
pub use dns::{Dns, Record};
pub use foreign::{Finished, Foreign, Server};
pub use gate::Gate;
pub use head::{Fields, Framing, Head};
pub use link::Link;
pub use origin::{Connection, Origin, Request, Tape};
pub use output::Output;
pub use patience::{PATIENCE, eventually};
pub use postgres::Postgres;
pub use process::{Figures, allow_descriptors};
pub use refusing::Refusing;
pub use setup::Setup;
pub use small_disk::SmallDisk;
pub use terminal::Terminal;
pub use tombolo::Tombolo;
pub use wire::{Wire, WireError};
