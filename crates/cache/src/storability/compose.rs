//! The head that is stored: the response's, less what belongs to one connection or one answer
//! (RFC 9111 section 3.1).

use tombolo_http1::{FieldId, Span, write};

use crate::directives::ResponseDirectives;
use crate::message::Response;
use crate::metadata::Metadata;
use crate::time::Timestamp;

/// Writes the head and notes in `metadata` where its validators are.
///
/// Left out beside hop-by-hop, Connection-nominated and framing fields: Age,
/// X-Request-Id and X-Served-By, which each answer has of its own; Content-Range of a part, which each answer's range decides;
/// and what `no-cache` and `private` list. Added: Date, if the origin sent none (RFC 9110 section
/// 6.6.1).
pub(super) fn head(
    response: &Response<'_>,
    directives: &ResponseDirectives,
    metadata: &mut Metadata,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(response.buf.len().min(4096));
    let reason: &[u8] =
        if metadata.part.is_some() { b"" } else { response.head.reason().of(response.buf) };
    write::status_line(&mut out, metadata.status, reason);
    let mut dated = false;
    for field in response.head.forwardable(response.buf) {
        let name = field.name.of(response.buf);
        let value = field.value.of(response.buf);
        match field.id {
            FieldId::Age | FieldId::XRequestId | FieldId::XServedBy => continue,
            FieldId::ContentRange if metadata.part.is_some() => continue,
            _ if directives.withholds(name) => continue,
            FieldId::Date if dated || Timestamp::parse(value, metadata.date).is_none() => continue,
            FieldId::Date => dated = true,
            _ => {}
        }
        write::field(&mut out, name, value);
        if !matches!(field.id, FieldId::Etag | FieldId::LastModified) {
            continue;
        }
        let end = u32::try_from(out.len().saturating_sub(2)).unwrap_or(0);
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let span = Span { start: end.saturating_sub(length), end };
        note_validator(response, metadata, field.id, span, value);
    }
    if !dated {
        out.extend_from_slice(b"Date: ");
        metadata.date.write(&mut out);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// A validator that can be read and is there once: of two, no one knows which is meant.
fn note_validator(
    response: &Response<'_>,
    metadata: &mut Metadata,
    id: FieldId,
    span: Span,
    value: &[u8],
) {
    if response.lines(id).nth(1).is_some() {
        return;
    }
    match id {
        FieldId::Etag => metadata.etag = span,
        FieldId::LastModified => {
            metadata.last_modified = Timestamp::parse(value, metadata.response_time);
            if metadata.last_modified.is_some() {
                metadata.last_modified_text = span;
            }
        }
        _ => {}
    }
}
