//! Any bytes as a request head.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_fuzz::{choice, head_limits, invariants::request};

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    let step = usize::from(choice(&mut data));
    let limits = head_limits(&mut data);
    request::check(data, step, &limits);
});
