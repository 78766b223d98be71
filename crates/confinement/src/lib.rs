//! Confines a process that works on strangers' input, such as an expression or a picture: how much
//! memory and how many files the kernel gives it, and which system calls. A child calls this before
//! it reads its first byte, so whatever the input makes of it, it finds no file, no socket, no other
//! program and no other process.
//!
//! Owned here: the limits and the list of calls. Not owned: what a child does, how its parent talks
//! to it, and how long it may take.

mod resources;
mod system_calls;

pub use resources::{Resources, limit_resources};
pub use system_calls::{confine, is_confined};
