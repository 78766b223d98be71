//! The normal form of request fields, so that requests which say the same meet the same variant.
//! Only what cannot change the meaning is evened out: blanks around list commas, empty list
//! members, lines that could be one, and what a field's own definition calls equal.

use tombolo_http1::FieldId;

use super::accept_encoding;
use crate::message::{Request, members};

/// Appends the field's normal form: nothing if it is absent, else `:` and the value.
pub(super) fn write(request: &Request<'_>, name: &[u8], id: FieldId, out: &mut Vec<u8>) {
    if matches!(id, FieldId::Other | FieldId::Folded) {
        write_values(request.named(name), id, out);
    } else if request.has(id) {
        write_values(request.lines(id), id, out);
    }
}

fn write_values<'a>(
    mut lines: impl Iterator<Item = &'a [u8]> + Clone,
    id: FieldId,
    out: &mut Vec<u8>,
) {
    if lines.clone().next().is_none() {
        return;
    }
    out.push(b':');
    match id {
        FieldId::AcceptEncoding if accept_encoding::write(lines.clone(), out) => {}
        FieldId::AcceptEncoding | FieldId::AcceptLanguage => {
            // Codings and language tags have no letter case (RFC 9110 sections 8.4.1 and 8.5.1).
            let start = out.len();
            write_list(lines, out);
            if let Some(written) = out.get_mut(start..) {
                written.make_ascii_lowercase();
            }
        }
        FieldId::Cookie | FieldId::Authorization | FieldId::UserAgent | FieldId::Referer => {
            // No lists: their commas and blanks are their own.
            if let Some(first) = lines.next() {
                out.extend_from_slice(first);
            }
            for line in lines {
                out.push(b'\r');
                out.extend_from_slice(line);
            }
        }
        _ => write_list(lines, out),
    }
}

/// One list of all lines, without blanks around commas and without empty members.
fn write_list<'a>(lines: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let mut first = true;
    for member in lines.flat_map(members) {
        if !first {
            out.push(b',');
        }
        first = false;
        out.extend_from_slice(member);
    }
}
