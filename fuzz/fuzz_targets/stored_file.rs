//! Any bytes as the file of a stored response: refused, or read as what would be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_cache::store::format::{FIXED, Fixed, Kind, parse_whole, write_whole};
use tombolo_fuzz::choice;

const NUMBERS: Fixed = Fixed {
    kind: Kind::Response,
    lengths: [0; 5],
    aligned: false,
    body: 0,
    stamp: 1,
    stored_at: 2,
    generation: 3,
    sum: 0,
    soft: 0,
};

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    // As it is: checksums nearly always refuse it.
    check(data);
    // As key, head and body of a good file, with one byte changed.
    let (at, to) = (usize::from(choice(&mut data)), choice(&mut data));
    let (key, body) = data.split_at(data.len() / 2);
    let mut file = write_whole(NUMBERS, [key, b"", b"", b"", body], body);
    assert!(parse_whole(&file).is_ok());
    let at = at * file.len() / 256;
    file[at] ^= to;
    check(&file);
    assert!(to == 0 || parse_whole(&file).is_err() || (72..88).contains(&at));
});

fn check(file: &[u8]) {
    let Ok((fixed, body)) = parse_whole(file) else { return };
    let mut at = FIXED;
    let parts = fixed.lengths.map(|length| {
        let part = &file[at..at + length as usize];
        at += length as usize;
        part
    });
    let again = write_whole(fixed, parts, &file[body]);
    // All but the mark, which may have been unreadable.
    assert!(again[..72] == file[..72] && again[88..] == file[88..]);
}
