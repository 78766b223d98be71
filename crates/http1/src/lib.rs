//! HTTP/1.1 and 1.0 on bytes: parse, frame, write. No I/O, no clock, no async.
