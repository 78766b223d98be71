//! Any bytes as a response head.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_fuzz::{choice, head_limits, invariants::response, method};

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    let step = usize::from(choice(&mut data));
    let limits = head_limits(&mut data);
    let method = method(&mut data);
    response::check(data, step, &limits, method);
});
