//! Any bytes as a body, mostly a chunked one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_fuzz::{body_limits, choice, invariants::body};
use tombolo_http1::Framing;

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    let step = usize::from(choice(&mut data));
    let limits = body_limits(&mut data);
    let framing = match choice(&mut data) {
        0 => Framing::None,
        1 => Framing::UntilClose,
        n @ 2..16 => Framing::Length(u64::from(n) * 4),
        _ => Framing::Chunked,
    };
    body::check(data, step, framing, limits);
});
