//! What the fuzz targets share: the invariants, which live with the codec's property tests, and
//! the reading of an input. Choices are taken from the end of an input, so that seeds stay
//! readable: a message, then a few bytes that say how to feed it.

#[path = "../../crates/http1/tests/invariants/mod.rs"]
pub mod invariants;

use tombolo_http1::{BodyLimits, HeadLimits, Method};

/// Takes one choice from the end of `data`; 0 when there is none left.
pub fn choice(data: &mut &[u8]) -> u8 {
    let Some((last, rest)) = data.split_last() else { return 0 };
    *data = rest;
    *last
}

/// Mostly the defaults, sometimes limits that a short input reaches.
pub fn head_limits(data: &mut &[u8]) -> HeadLimits {
    match choice(data) {
        n @ 0..64 => HeadLimits {
            head_bytes: usize::from(n) * 4,
            fields: usize::from(n % 8),
            target_bytes: usize::from(n % 16),
        },
        _ => HeadLimits::default(),
    }
}

/// As [`head_limits`], for bodies.
pub fn body_limits(data: &mut &[u8]) -> BodyLimits {
    let defaults = BodyLimits::default();
    match choice(data) {
        n @ 0..64 => BodyLimits {
            body_bytes: u64::from(n) * 2,
            chunk_line_bytes: usize::from(n % 16) + 2,
            extension_bytes_total: usize::from(n % 8),
            trailer_bytes: usize::from(n),
            trailer_fields: usize::from(n % 4),
            tiny_chunks: u64::from(n % 4),
        },
        _ => defaults,
    }
}

/// The methods that change what an answer's framing means, and one that does not.
pub fn method(data: &mut &[u8]) -> Method {
    match choice(data) % 4 {
        0 => Method::Head,
        1 => Method::Connect,
        _ => Method::Get,
    }
}
