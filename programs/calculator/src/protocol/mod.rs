//! The calculator's protocol on bytes: lines, requests, answers. No I/O, no clock.
//!
//! docs/protocols/calculator.md is its description; what stands there is tested against this.

mod answer;
mod lines;
mod request;

pub use answer::{Answer, Closing, Code, Received};
pub use lines::{Line, Lines};
pub use request::{COMMANDS, Refusal, Request, is_name};

/// The protocol's version, the answer to `VERSION`.
pub const VERSION: &str = "1";
