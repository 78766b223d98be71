//! multipart/byteranges (RFC 9110 section 14.6): what goes before, between and after the parts,
//! and how long it all is.

use super::content_range::write_content_range;
use crate::metadata::Part;

/// The frame of an answer with several parts.
#[derive(Clone, Copy, Debug)]
pub struct Multipart<'a> {
    /// Letters and digits that occur in no part: random, chosen by the caller for each answer.
    pub boundary: &'a [u8],
    /// Content-Type of the representation, if it has one.
    pub content_type: Option<&'a [u8]>,
}

impl Multipart<'_> {
    /// Appends what precedes the bytes of `part`.
    pub fn part_head(&self, part: &Part, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n--");
        out.extend_from_slice(self.boundary);
        out.extend_from_slice(b"\r\n");
        if let Some(content_type) = self.content_type {
            tombolo_http1::write::field(out, b"Content-Type", content_type);
        }
        write_content_range(part, out);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends what follows the last part.
    pub fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n--");
        out.extend_from_slice(self.boundary);
        out.extend_from_slice(b"--\r\n");
    }

    /// Bytes of the whole content: heads, parts, end.
    pub fn length(&self, parts: &[Part]) -> u64 {
        let mut frame = Vec::new();
        for part in parts {
            self.part_head(part, &mut frame);
        }
        self.end(&mut frame);
        let frame = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        parts.iter().fold(frame, |sum, part| sum.saturating_add(part.len()))
    }

    /// Appends the Content-Type field line of the answer.
    pub fn write_content_type(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Content-Type: multipart/byteranges; boundary=");
        out.extend_from_slice(self.boundary);
        out.extend_from_slice(b"\r\n");
    }
}
