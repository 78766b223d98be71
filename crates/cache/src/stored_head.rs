//! The head of a stored response as bytes: a status line and field lines, each with its CRLF,
//! without the empty line. Ready to be sent, up to what every answer adds. Owns its form and the
//! walk through it.

use tombolo_http1::FieldId;

/// A view of a stored head.
#[derive(Clone, Copy, Debug)]
pub struct StoredHead<'a> {
    bytes: &'a [u8],
}

/// One field line of a stored head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredField<'a> {
    /// What the name is known as.
    pub id: FieldId,
    /// The name as it was received.
    pub name: &'a [u8],
    /// The value, without surrounding blanks.
    pub value: &'a [u8],
    /// The whole line with its CRLF.
    pub line: &'a [u8],
}

impl<'a> StoredHead<'a> {
    /// Views bytes that [`storable`](crate::storability::storable) and its like composed.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// All bytes: status line and fields.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The field lines: what follows the status line.
    pub fn field_lines(&self) -> &'a [u8] {
        let end = line_end(self.bytes);
        self.bytes.get(end..).unwrap_or_default()
    }

    /// The fields in order.
    pub fn fields(&self) -> impl Iterator<Item = StoredField<'a>> + Clone + use<'a> {
        let mut rest = self.field_lines();
        std::iter::from_fn(move || {
            let (line, after) = rest.split_at_checked(line_end(rest))?;
            rest = after;
            let colon = memchr::memchr(b':', line)?;
            let name = line.get(..colon).unwrap_or_default();
            let value = line.get(colon + 1..line.len().saturating_sub(2)).unwrap_or_default();
            let id = FieldId::of_name(name);
            Some(StoredField { id, name, value: crate::message::trim(value), line })
        })
    }

    /// Value of the first field known as `id`.
    pub fn first(&self, id: FieldId) -> Option<&'a [u8]> {
        self.fields().find(|field| field.id == id).map(|field| field.value)
    }
}

/// Length of the first line with its end.
fn line_end(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let head = StoredHead::new(b"HTTP/1.1 200 OK\r\nETag: \"a\"\r\nEmpty: \r\n");
        let found: Vec<_> = head.fields().map(|field| (field.name, field.value)).collect();
        assert_eq!(found, [(&b"ETag"[..], &b"\"a\""[..]), (b"Empty", b"")]);
        assert_eq!(head.field_lines(), b"ETag: \"a\"\r\nEmpty: \r\n");
        assert_eq!(head.first(FieldId::Etag), Some(&b"\"a\""[..]));
        assert_eq!(StoredHead::new(b"").fields().count(), 0);
    }
}
