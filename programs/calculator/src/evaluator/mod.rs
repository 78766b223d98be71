//! Evaluates what plain arithmetic cannot: in child processes, because nothing else bounds it.
//!
//! The arithmetic is fend's: exact, with units. It asks now and then whether it should stop, but
//! not while it parses, nor within some operations: `1+1+1...` of 4 KB takes 3 seconds in its parser,
//! `1000d1000` minutes, and `d1000000000` 670 MB before it looks. So an evaluation runs in a process
//! whose memory the kernel bounds, and which is killed when its time is over.
//!
//! - [`worker`] is the child: one job after the other, from standard input to standard output.
//! - [`pool`](Pool) is the parent's side: who gets which child next, deadlines, replacement.
//! - `frame` is what goes between the two, `turns` the order of those who wait, `usage` what they used.
//!
//! What a child may ask of the kernel is `crates/confinement`.

mod frame;
mod pool;
mod process;
mod turns;
mod usage;
pub(crate) mod worker;

pub(crate) use frame::{Job, Outcome};
pub(crate) use pool::Pool;
pub use process::Program;
