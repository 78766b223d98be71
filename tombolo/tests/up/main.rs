//! `tombolo up` as a user meets it: real processes, real signals, real connections.

mod ending;
mod harness;
mod serving;
mod starting;
