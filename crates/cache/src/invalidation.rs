//! What an answer makes invalid (RFC 9111 section 4.4), and whether the answer to a POST is the
//! resource itself (RFC 9110 section 9.3.3). Owns the comparison of URIs in Location,
//! Content-Location and WebDAV's Destination with the target; refuses all others than those of the
//! same origin.

use tombolo_http1::FieldId;

use crate::key::{KeyRules, Scheme, Target};
use crate::message::Request;
use crate::storability::Exchange;

/// What an answer makes invalid. Texts of keys, by the rules of the route.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Invalidated {
    /// Keys: the target, Location, Content-Location, Destination.
    pub keys: Vec<Vec<u8>>,
    /// What may be a collection and was moved, overwritten or removed with all that lay in it: what
    /// begins so.
    pub prefixes: Vec<Vec<u8>>,
}

/// What the answer makes invalid: nothing if the method is safe or the status is an error; else the
/// target, and Location and Content-Location where they are of the same origin.
///
/// MOVE and COPY change what is at Destination too (RFC 4918 sections 9.8 and 9.9). All that is below
/// the target of a DELETE or MOVE is gone with it, for it may be a collection, whose URL need not end
/// in a slash (section 5.2); only a MOVE with `Depth: 0` and no such slash is of one resource. All that
/// was below Destination is removed before a MOVE or COPY of any depth, unless `Overwrite: F`
/// (sections 9.8.4 and 9.9.3).
///
/// With rules that ignore parts of the query the key stands for all of them.
pub fn invalidated(exchange: &Exchange<'_>, rules: &KeyRules) -> Invalidated {
    let Exchange { target: place, request, response, .. } = exchange;
    let mut found = Invalidated::default();
    if request.method().is_safe() || !(200..400).contains(&response.status()) {
        return found;
    }
    let mut target = Vec::new();
    rules.of_request(*place, request, &mut target);
    found.keys.push(target);
    let key = |path: &[u8]| {
        let mut text = Vec::new();
        rules.write(*place, path, &mut text).is_some().then_some(text)
    };
    let target = request.head.normal_path(request.buf);
    let method = request.head.method_span().of(request.buf);
    let destination = match method {
        b"MOVE" | b"COPY" => {
            let field = sole(request.named(b"destination"));
            field.and_then(|reference| of_same_origin(*place, request, reference))
        }
        _ => None,
    };
    let named = [FieldId::Location, FieldId::ContentLocation]
        .into_iter()
        .filter_map(|id| of_same_origin(*place, request, sole(response.lines(id))?));
    for path in named.chain(destination.clone()) {
        if let Some(text) = key(&path)
            && !found.keys.contains(&text)
        {
            found.keys.push(text);
        }
    }
    let below = |path: &[u8]| {
        let mut folder = path_of(path).to_vec();
        if !folder.ends_with(b"/") {
            folder.push(b'/');
        }
        // Whatever else upstream was told.
        let mut text = Vec::new();
        rules.write(Target { told: &[], ..*place }, &folder, &mut text).is_some().then_some(text)
    };
    let says = |name: &[u8], value: &[u8]| {
        sole(request.named(name)).is_some_and(|said| said.eq_ignore_ascii_case(value))
    };
    let shallow = says(b"depth", b"0") && !path_of(target).ends_with(b"/");
    if method == b"DELETE" || (method == b"MOVE" && !shallow) {
        found.prefixes.extend(below(target));
    }
    if let Some(destination) = destination
        && !(shallow && says(b"overwrite", b"f"))
    {
        found.prefixes.extend(below(&destination));
    }
    found
}

/// A target without its query.
fn path_of(target: &[u8]) -> &[u8] {
    target.split(|&byte| byte == b'?').next().unwrap_or_default()
}

/// The value of a field that is there once.
fn sole<'a>(mut lines: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let first = lines.next();
    first.filter(|_| lines.next().is_none())
}

/// Whether Content-Location names the target of the request: then the content of a successful
/// answer to a POST is what a GET would have brought (RFC 9110 sections 8.7 and 9.3.3).
pub(crate) fn is_own_content(exchange: &Exchange<'_>) -> bool {
    let Exchange { target: place, request, response, .. } = exchange;
    let rules = KeyRules::default();
    let named = sole(response.lines(FieldId::ContentLocation));
    let Some(path) = named.and_then(|named| of_same_origin(*place, request, named)) else {
        return false;
    };
    let (mut named, mut target) = (Vec::new(), Vec::new());
    rules.of_request(*place, request, &mut target);
    rules.write(*place, &path, &mut named).is_some() && named == target
}

/// Path and query that a URI reference names, resolved against the target (RFC 3986 section 5.2), if
/// it is of the target's origin.
fn of_same_origin(target: Target<'_>, request: &Request<'_>, reference: &[u8]) -> Option<Vec<u8>> {
    let reference = reference.split(|&byte| byte == b'#').next().unwrap_or_default();
    let Target { scheme, authority, .. } = target;
    let base = request.head.resolved_path(request.buf);
    let rest = match split_scheme(reference) {
        Some((named, rest)) if named == scheme => rest,
        Some(_) => return None,
        None => reference,
    };
    if let Some(rest) = rest.strip_prefix(b"//") {
        let end = rest.iter().position(|&b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
        let (named, path) = rest.split_at_checked(end)?;
        let spelled = |authority: &[u8]| {
            let mut out = Vec::new();
            crate::key::write_authority(scheme, authority, &mut out);
            out
        };
        return (spelled(named) == spelled(authority)).then(|| without_dots(path));
    }
    Some(resolve(base, rest))
}

/// A scheme we serve and what follows it and its colon; `None`: a relative reference. A scheme we
/// do not serve is no origin of ours, and comes out as the other one.
fn split_scheme(reference: &[u8]) -> Option<(Scheme, &[u8])> {
    for scheme in [Scheme::Http, Scheme::Https] {
        let name = scheme.prefix().strip_suffix(b"//").unwrap_or_default();
        if let Some((head, rest)) = reference.split_at_checked(name.len())
            && head.eq_ignore_ascii_case(name)
        {
            return Some((scheme, rest));
        }
    }
    None
}

/// Resolves a reference without an authority against the path and query of the target.
fn resolve(base: &[u8], reference: &[u8]) -> Vec<u8> {
    let base_path = path_of(base);
    match reference {
        [] => base.to_vec(),
        [b'?', ..] => [base_path, reference].concat(),
        [b'/', ..] => without_dots(reference),
        _ => {
            let folder = base_path.iter().rposition(|&byte| byte == b'/').map_or(0, |end| end + 1);
            let folder = base_path.get(..folder).unwrap_or_default();
            without_dots(&[folder, reference].concat())
        }
    }
}

/// Removes `.` and `..` segments of the path (RFC 3986 section 5.2.4); the query stays.
fn without_dots(path_and_query: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(b'?', path_and_query).unwrap_or(path_and_query.len());
    let (path, query) = path_and_query.split_at_checked(end).unwrap_or((path_and_query, b""));
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = path.split(|&byte| byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            b"." | b".." => {
                if segment == b".." {
                    kept.pop();
                }
                if is_last {
                    kept.push(b"");
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut out = vec![b'/'];
    out.extend_from_slice(&kept.join(&b'/'));
    out.extend_from_slice(query);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::freshness::Arrival;
    use crate::testing::{answer, request_to};
    use crate::time::Timestamp;

    fn after(line: &str, status: &str, fields: &str) -> Vec<String> {
        let found = after_asking(line, "", status, fields);
        assert!(found.prefixes.is_empty() || line.starts_with("DELETE"), "{line}");
        texts(found.keys)
    }

    fn texts(texts: Vec<Vec<u8>>) -> Vec<String> {
        texts.into_iter().map(|text| String::from_utf8(text).unwrap()).collect()
    }

    fn after_asking(line: &str, asked: &str, status: &str, fields: &str) -> Invalidated {
        let request = request_to(line, asked);
        let response = answer(status, fields);
        let now = Timestamp::default();
        let exchange = Exchange {
            target: Target::of(Scheme::Http, &request.as_request()),
            request: request.as_request(),
            response: response.as_response(),
            arrival: Arrival { request_time: now, response_time: now },
        };
        invalidated(&exchange, &KeyRules::default())
    }

    #[test]
    fn rfc9111_4_4_unsafe_methods_with_non_error_answers() {
        for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "PURGE"] {
            assert_eq!(after(&format!("{method} /a"), "200 OK", ""), ["http://example.org/a"]);
            assert_eq!(after(&format!("{method} /a"), "303 See Other", "").len(), 1);
            assert!(after(&format!("{method} /a"), "500 Oops", "").is_empty());
            assert!(after(&format!("{method} /a"), "404 Gone", "").is_empty());
        }
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(after(&format!("{method} /a"), "200 OK", "Location: /b\r\n").is_empty());
        }
    }

    #[test]
    fn rfc9111_4_4_location_and_content_location_of_the_same_origin() {
        let with = |fields: &str| after("POST /a/b?c", "201 Created", fields);
        let both = with("Location: /x\r\nContent-Location: y?z\r\n");
        assert_eq!(both[1..], ["http://example.org/x", "http://example.org/a/y?z"]);
        for same in
            ["http://EXAMPLE.org:80/x", "//example.org/x#f", "../x", "/q/../x", "./../x", "http:/x"]
        {
            let found = with(&format!("Location: {same}\r\n"));
            assert_eq!(found.get(1).map(String::as_str), Some("http://example.org/x"), "{same}");
        }
        for other in [
            "https://example.org/x",
            "http://example.com/x",
            "http://example.org:81/x",
            "//other/x",
            "/x\r\nLocation: /y",
        ] {
            assert_eq!(with(&format!("Location: {other}\r\n")).len(), 1, "{other}");
        }
    }

    #[test]
    fn rfc3986_6_2_2_targets_and_locations_have_one_form() {
        assert_eq!(after("POST /%61//b/../c", "200 OK", ""), ["http://example.org/a/c"]);
        let found = after("POST /a", "201 Created", "Location: http://example.org.:80/%7Eb//c\r\n");
        assert_eq!(found, ["http://example.org/a", "http://example.org/~b/c"]);
        let none = after("POST /a", "201 Created", "Location: /%2e%2e/x\r\n");
        assert_eq!(none.len(), 1, "no request has such a path");
    }

    #[test]
    fn rfc4918_9_8_and_9_9_destination_and_what_is_below() {
        let both = |line: &str, asked: &str| {
            let found = after_asking(line, asked, "201 Created", "");
            (texts(found.keys), texts(found.prefixes))
        };
        let origin = "http://example.org";
        let urls = |paths: &[&str]| -> Vec<String> {
            paths.iter().map(|path| format!("{origin}{path}")).collect()
        };
        let cases: &[(&str, &str, &[&str], &[&str])] = &[
            ("MOVE /a", "Destination: http://example.org:80/b\r\n", &["/a", "/b"], &["/a/", "/b/"]),
            ("MOVE /a/", "Destination: /b\r\n", &["/a/", "/b"], &["/a/", "/b/"]),
            ("MOVE /a", "Destination: /b/\r\n", &["/a", "/b/"], &["/a/", "/b/"]),
            ("MOVE /a", "Depth: 0\r\nDestination: /b\r\n", &["/a", "/b"], &["/b/"]),
            ("MOVE /a/", "Depth: 0\r\nDestination: /b\r\n", &["/a/", "/b"], &["/a/", "/b/"]),
            ("COPY /a", "Destination: /b?c#d\r\n", &["/a", "/b?c"], &["/b/"]),
            ("COPY /a/?q", "Destination: /b/\r\n", &["/a/?q", "/b/"], &["/b/"]),
            ("COPY /a", "Depth: Infinity\r\nDestination: /b\r\n", &["/a", "/b"], &["/b/"]),
            ("COPY /a", "Overwrite: F\r\nDestination: /b\r\n", &["/a", "/b"], &["/b/"]),
            ("COPY /a", "Depth: 0\r\nDestination: /b\r\n", &["/a", "/b"], &["/b/"]),
            ("COPY /a", "Depth: 0\r\nOverwrite: F\r\nDestination: /b\r\n", &["/a", "/b"], &[]),
            ("DELETE /a/", "", &["/a/"], &["/a/"]),
            ("DELETE /a?q", "", &["/a?q"], &["/a/"]),
            ("DELETE /a", "Depth: 0\r\n", &["/a"], &["/a/"]),
            ("PUT /a/", "Destination: /b\r\n", &["/a/"], &[]),
            ("MOVE /a", "Destination: http://elsewhere/b\r\n", &["/a"], &["/a/"]),
            ("MOVE /a", "Destination: /b\r\nDestination: /c\r\n", &["/a"], &["/a/"]),
        ];
        for (line, asked, keys, prefixes) in cases {
            assert_eq!(both(line, asked), (urls(keys), urls(prefixes)), "{line} {asked}");
        }
        let failed = after_asking("DELETE /a/", "", "403 Forbidden", "");
        assert_eq!(failed, Invalidated::default());
    }

    #[test]
    fn a_location_of_the_target_is_named_once() {
        assert_eq!(after("PUT /a", "200 OK", "Content-Location: /a\r\n").len(), 1);
    }
}
