//! Any bytes as a path and as a host.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_fuzz::invariants::normal;

fuzz_target!(|data: &[u8]| {
    normal::check(data);
});
