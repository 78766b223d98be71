//! W3C Trace Context on bytes: `traceparent` is read and written, `tracestate` is checked.
//!
//! Owns what the recommendation (https://www.w3.org/TR/trace-context-1/) says of the two fields and
//! nothing of what a trace is for. Opens no socket, reads no clock and draws no random number:
//! whoever begins a trace brings the numbers. What breaks a rule is no context at all, so that a
//! new trace begins instead (section 3.2.2 to 3.3.1.5).
//!
//! | file | one idea |
//! |---|---|
//! | `parent.rs` | `traceparent`: which trace, whose child, whether it is recorded |
//! | `state.rs` | `tracestate`: whether it may be passed on |
//! | `hex.rs` | lower-case hexadecimal of a fixed length |

mod hex;
mod parent;
mod state;

pub use parent::{Parent, SpanId, TRACEPARENT_BYTES, TraceId};
pub use state::{TRACESTATE_BYTES_MAX, is_state};
