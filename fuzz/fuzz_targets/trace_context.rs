//! Any bytes as trace context: never a panic, and what is taken for one can be written and is the
//! same when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_trace_context::{Parent, TRACESTATE_BYTES_MAX, is_state};

fuzz_target!(|data: &[u8]| {
    if let Some(parent) = Parent::parse(data) {
        assert!(data.len() >= parent.text().len());
        assert_eq!(Parent::parse(&parent.text()), Some(parent));
    }
    if is_state(data) {
        assert!(data.len() <= TRACESTATE_BYTES_MAX && !data.contains(&b'\n'));
    }
});
