//! Any value of Forwarded: never a panic, and what is taken for good stays good with another element.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_fuzz::invariants::forwarded;

fuzz_target!(|data: &[u8]| forwarded::check(data));
