//! Any event and any signature: nothing is believed that was not signed, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_library::{event_is_believed, signed_event_is_read};

fuzz_target!(|input: (&str, &[u8], i64)| {
    let (signature, body, now) = input;
    assert!(!event_is_believed(b"a secret that nobody knows", signature, body, now));
    signed_event_is_read(body);
});
