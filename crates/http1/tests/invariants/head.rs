//! Invariants that request and response heads share.

use tombolo_http1::{Field, write};

/// Names that must never be passed on, whatever a head says.
const NEVER_FORWARDED: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "transfer_encoding",
    "upgrade",
    "http2-settings",
    "content-length",
    "content_length",
];

/// Names that a Connection option must not remove.
pub const PROTECTED: &[&str] = &[
    "authorization",
    "cookie",
    "set-cookie",
    "content-type",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "forwarded",
    "via",
    "x-request-id",
    "cache-control",
];

/// Owned copy of a field: lower-case name, value.
pub type Line = (String, Vec<u8>);

/// The name and value of `field`.
pub fn line(field: Field, buf: &[u8]) -> Line {
    let name = String::from_utf8(field.name.of(buf).to_ascii_lowercase()).unwrap();
    (name, field.value.of(buf).to_vec())
}

/// Grammar of a head that was accepted: only whole CRLFs, one empty line at its end.
pub fn check_lines(head: &[u8], fields: &[Field]) {
    assert!(head.ends_with(b"\r\n\r\n"));
    for (index, &byte) in head.iter().enumerate() {
        if byte == b'\r' {
            assert_eq!(head.get(index + 1), Some(&b'\n'), "bare CR accepted");
        }
        if byte == b'\n' {
            assert_eq!(head[index - 1], b'\r', "bare LF accepted");
        }
    }
    let text = head.strip_suffix(b"\r\n\r\n").unwrap();
    let lines = text.windows(2).filter(|pair| pair == b"\r\n").count();
    let leading = head.iter().take_while(|&&byte| byte == b'\r' || byte == b'\n').count() / 2;
    assert_eq!(lines, fields.len() + leading, "a line was lost or made up");
    for field in fields {
        let (name, value) = (field.name.of(head), field.value.of(head));
        assert!(!name.is_empty());
        assert!(name.iter().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(b)));
        assert!(value.iter().all(|&b| b == b'\t' || (b >= b' ' && b != 0x7f)));
        assert!(!matches!(value, [b' ' | b'\t', ..] | [.., b' ' | b'\t']), "value not trimmed");
    }
}

/// Nothing hop-by-hop, framing or nominated is passed on; order is kept; protected names stay.
pub fn check_forwarded(all: &[Line], forwarded: &[Line]) {
    let mut rest = all.iter();
    assert!(forwarded.iter().all(|line| rest.any(|other| other == line)), "order or bytes changed");
    let nominated: Vec<String> = all
        .iter()
        .filter(|(name, _)| name == "connection")
        .flat_map(|(_, value)| {
            let text = String::from_utf8_lossy(value).to_ascii_lowercase();
            text.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let known = tombolo_http1::PROTECTED;
    for (name, _) in forwarded {
        assert!(!NEVER_FORWARDED.contains(&name.as_str()), "forwarded {name}");
        let protected = known.contains(tombolo_http1::FieldId::of_name(name.as_bytes()))
            || name.starts_with("content-")
            || name.starts_with("x-forwarded-");
        assert!(!nominated.contains(name) || protected, "forwarded nominated {name}");
    }
    for name in PROTECTED {
        let count = |lines: &[Line]| lines.iter().filter(|line| line.0 == *name).count();
        assert_eq!(count(all), count(forwarded), "{name} was removed");
    }
}

/// Appends `lines` to a head.
pub fn write_lines(out: &mut Vec<u8>, lines: &[Line]) {
    for (name, value) in lines {
        write::field(out, name.as_bytes(), value);
    }
}
