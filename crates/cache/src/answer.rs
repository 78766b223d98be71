//! Heads of answers from the cache, up to what every answer of the gateway adds: the caller
//! appends Via, Cache-Status and its own fields, and ends the head (RFC 9111 section 4).

use tombolo_http1::{FieldId, write};

use crate::metadata::{Metadata, Part};
use crate::range::{Multipart, write_content_range, write_unsatisfied};
use crate::stored_head::StoredHead;

pub use crate::conditional::write_not_modified;

/// The stored response itself, to GET or HEAD: its head as it is kept, Content-Length, Age.
/// `length`: bytes of the stored body; `age`: seconds.
#[inline]
pub fn write_whole(meta: &Metadata, stored_head: &[u8], length: u64, age: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(stored_head);
    // RFC 9110 section 8.6: no Content-Length with 204.
    if meta.status != 204 {
        write_length(length, out);
    }
    write_age(age, out);
}

/// 206 with one part (RFC 9110 section 15.3.7.1).
pub fn write_part(stored_head: &[u8], part: &Part, age: u32, out: &mut Vec<u8>) {
    write::status_line(out, 206, b"");
    write_fields_but(stored_head, &[FieldId::ContentRange], out);
    write_content_range(part, out);
    write_length(part.len(), out);
    write_age(age, out);
}

/// 206 with several parts (RFC 9110 section 15.3.7.2). The content is for each part
/// [`Multipart::part_head`] and its bytes, then [`Multipart::end`].
pub fn write_parts(
    stored_head: &[u8],
    parts: &[Part],
    frame: &Multipart<'_>,
    age: u32,
    out: &mut Vec<u8>,
) {
    write::status_line(out, 206, b"");
    write_fields_but(stored_head, &[FieldId::ContentType, FieldId::ContentRange], out);
    frame.write_content_type(out);
    write_length(frame.length(parts), out);
    write_age(age, out);
}

/// The stored fields but those that the answer has of its own.
fn write_fields_but(stored_head: &[u8], but: &[FieldId], out: &mut Vec<u8>) {
    for field in StoredHead::new(stored_head).fields() {
        if !but.contains(&field.id) {
            out.extend_from_slice(field.line);
        }
    }
}

/// 416 without content (RFC 9110 section 15.5.17). `complete`: bytes of the whole.
pub fn write_unsatisfiable(complete: u64, out: &mut Vec<u8>) {
    write::status_line(out, 416, b"");
    write_unsatisfied(complete, out);
    write_length(0, out);
}

/// The Age field line (RFC 9111 section 5.1); seconds.
#[inline]
pub fn write_age(age: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Age: ");
    write::number(out, u64::from(age));
    out.extend_from_slice(b"\r\n");
}

#[inline]
fn write_length(length: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Length: ");
    write::number(out, length);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nA: 1\r\n";

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn part(first: u64, last: u64) -> Part {
        Part { first, last, complete: Some(10) }
    }

    #[test]
    fn rfc9111_5_1_every_answer_from_the_cache_has_an_age() {
        let meta = Metadata { status: 200, ..Metadata::default() };
        assert_eq!(
            text(|out| write_whole(&meta, HEAD, 10, 3, out)),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nA: 1\r\nContent-Length: 10\r\nAge: 3\r\n"
        );
    }

    #[test]
    fn rfc9110_8_6_a_204_has_no_content_length() {
        let meta = Metadata { status: 204, ..Metadata::default() };
        let head = b"HTTP/1.1 204 No Content\r\n";
        assert_eq!(
            text(|out| write_whole(&meta, head, 0, 0, out)),
            "HTTP/1.1 204 No Content\r\nAge: 0\r\n"
        );
    }

    #[test]
    fn rfc9110_14_4_a_part_has_the_content_range_of_its_own() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Range: abc\r\nA: 1\r\n";
        let single = text(|out| write_part(head, &part(2, 4), 3, out));
        assert_eq!(single.matches("Content-Range").count(), 1, "{single}");
        let frame = Multipart { boundary: b"B", content_type: None };
        let several = text(|out| write_parts(head, &[part(0, 0), part(4, 5)], &frame, 3, out));
        assert!(!several.contains("Content-Range") && several.contains("A: 1\r\n"), "{several}");
    }

    #[test]
    fn rfc9110_15_3_7_parts() {
        assert_eq!(
            text(|out| write_part(HEAD, &part(2, 4), 3, out)),
            "HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\nA: 1\r\n\
             Content-Range: bytes 2-4/10\r\nContent-Length: 3\r\nAge: 3\r\n"
        );
        let frame = Multipart { boundary: b"B", content_type: Some(b"text/plain") };
        let parts = [part(0, 0), part(4, 5)];
        let length = frame.length(&parts);
        assert_eq!(
            text(|out| write_parts(HEAD, &parts, &frame, 3, out)),
            format!(
                "HTTP/1.1 206 Partial Content\r\nA: 1\r\n\
                 Content-Type: multipart/byteranges; boundary=B\r\n\
                 Content-Length: {length}\r\nAge: 3\r\n"
            )
        );
        assert_eq!(
            text(|out| write_unsatisfiable(10, out)),
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */10\r\n\
             Content-Length: 0\r\n"
        );
    }
}
