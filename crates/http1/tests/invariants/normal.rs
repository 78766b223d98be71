//! Invariants of the normal form of paths and hosts.

use tombolo_http1::normal::{self, NormalPath, PathError};

/// Checks everything that must hold for `sent` as a path with a query, and as an authority. Tells
/// whether it has a normal form as a path.
pub fn check(sent: &[u8]) -> bool {
    let host = normal::host(sent).into_owned();
    assert_eq!(normal::host(&host), &host[..], "a host in its form stays");
    let mut path = NormalPath::default();
    if let Err(error) = path.read(sent) {
        assert_eq!(path.read(sent), Err(error));
        return false;
    }
    let form = path.normal(sent).to_vec();
    let (path_of, query) = split(&form);
    assert_eq!(query, split(sent).1, "the query stays");
    check_form(path_of);
    assert_eq!(normal::path(&form).as_ref(), Ok(&form), "a path in its form stays");
    let resolved = path.resolved(sent);
    assert_eq!(normal::path(resolved).as_ref(), Ok(&form), "what is sent on is the same path");
    check_respelled(sent, &form);
    true
}

/// Nothing is left that could be written otherwise.
fn check_form(path: &[u8]) {
    assert!(path.starts_with(b"/"));
    assert!(!path.windows(2).any(|pair| pair == b"//"));
    assert!(!path.split(|&byte| byte == b'/').any(|segment| matches!(segment, b"." | b"..")));
    for (at, &byte) in path.iter().enumerate() {
        assert!(byte.is_ascii_graphic(), "{}", path.escape_ascii());
        if byte == b'%' {
            let digits = &path[at + 1..at + 3];
            assert!(digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F')));
        }
    }
}

/// Other spellings of the same path (RFC 3986 section 6.2.2) have the same form.
fn check_respelled(sent: &[u8], form: &[u8]) {
    let (path, query) = split(form);
    let mut encoded = Vec::new();
    for &byte in path {
        match byte {
            b'/' => encoded.extend_from_slice(b"/.//"),
            _ if byte.is_ascii_alphanumeric() => {
                encoded.extend_from_slice(format!("%{byte:02x}").as_bytes());
            }
            _ => encoded.push(byte),
        }
    }
    // Digits after a percent sign belong to it: only paths without any are spelled anew.
    if !path.contains(&b'%') {
        let other = [&encoded[..], query].concat();
        assert_eq!(normal::path(&other).as_deref(), Ok(form), "{}", sent.escape_ascii());
    }
    let above = [b"/..", path].concat();
    assert_eq!(normal::path(&above), Err(PathError::AboveRoot));
}

fn split(path_and_query: &[u8]) -> (&[u8], &[u8]) {
    let end = path_and_query.iter().position(|&byte| byte == b'?');
    path_and_query.split_at(end.unwrap_or(path_and_query.len()))
}
