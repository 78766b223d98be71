//! Any `Range` field of a download: the parts that are sent are there, and none touches another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_library::{ByteRanges, byte_ranges};

fuzz_target!(|input: (&[u8], u64)| {
    let (field, size) = input;
    let mut parts = match byte_ranges(Some(field), size) {
        ByteRanges::Whole | ByteRanges::Nothing => return,
        ByteRanges::Part(part) => vec![part],
        ByteRanges::Parts(parts) => {
            assert!(parts.len() > 1);
            parts
        }
    };
    assert!(parts.iter().all(|part| part.start < part.end && part.end <= size));
    parts.sort_by_key(|part| part.start);
    assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start));
});
