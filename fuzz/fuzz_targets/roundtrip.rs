//! Any content, written in chunks and read again; then a whole connection's worth of bytes: a
//! request head, its body, and what is left as the next request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_fuzz::{
    choice,
    invariants::{body, request},
};
use tombolo_http1::{BodyLimits, Framing, HeadLimits, RequestHead};

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    let step = usize::from(choice(&mut data));
    let sizes = [usize::from(choice(&mut data)), usize::from(choice(&mut data)) * 16];
    write_then_read(data, step, &sizes);
    read_messages(data, step);
});

/// Chunked content comes back whole, and the bytes behind it stay where they are.
fn write_then_read(content: &[u8], step: usize, sizes: &[usize]) {
    let mut wire = body::encode(content, sizes, b"X-Sum: 1\r\n");
    let taken = wire.len();
    wire.extend_from_slice(b"GET ");
    let read = body::decode(&wire, step, Framing::Chunked, BodyLimits::default());
    let Ok(read) = read else { panic!("refused what we wrote") };
    assert!(read.done && read.taken == taken && read.content == content);
    assert_eq!(read.trailers, b"X-Sum: 1\r\n");
}

/// Message boundaries do not depend on how the bytes arrive.
fn read_messages(wire: &[u8], step: usize) {
    let limits = HeadLimits::default();
    let mut head = RequestHead::new();
    let mut rest = wire;
    while let Ok(Some(taken)) = head.parse(rest, &limits) {
        assert!(request::check(rest, step, &limits));
        rest = &rest[taken..];
        let whole = body::decode(rest, usize::MAX, head.framing(), BodyLimits::default());
        let split = body::decode(rest, step, head.framing(), BodyLimits::default());
        assert_eq!(whole, split);
        match whole {
            Ok(read) if read.done => rest = &rest[read.taken..],
            _ => return,
        }
    }
}
