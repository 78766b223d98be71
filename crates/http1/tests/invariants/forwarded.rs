//! What holds for any value of Forwarded.

use tombolo_http1::{forwarded_parameters, is_forwarded};

/// Where a value can be read, so can what it becomes when a hop appends its own element, and the
/// element stays one of its own: it is found behind the comma, outside of all quotes.
pub fn check(value: &[u8]) {
    // Ends, whatever it is given.
    assert!(forwarded_parameters(value, b"host").count() <= value.len());
    if !is_forwarded(value) {
        return;
    }
    let longer = [value, b", for=192.0.2.1;host=\"a\""].concat();
    assert!(is_forwarded(&longer), "{longer:?}");
    assert_eq!(forwarded_parameters(&longer, b"host").last(), Some(&b"a"[..]), "{longer:?}");
    let (mut quoted, mut escaped) = (false, false);
    for &byte in value {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    assert!(!quoted, "an open quotation mark in {value:?}");
}
