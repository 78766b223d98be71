//! From a representation to the response: preconditions, ranges and fields (RFC 9110).

use std::fmt::Write as _;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_RANGE, LAST_MODIFIED, RANGE, VARY,
};
use http::{Method, Response, StatusCode};

use crate::body::{Body, FilePart};
use crate::conditional::{self, Validators, Verdict};
use crate::field;
use crate::range::{self, Part, Selection};
use crate::refusal::Refusal;
use crate::representation::{Content, Representation};

/// Answers a GET or HEAD. The body is that of a GET; who answers a HEAD drops it.
pub(crate) fn respond(
    method: &Method,
    request: &HeaderMap,
    representation: &Representation,
    now: SystemTime,
) -> Result<Response<Body>, Refusal> {
    let validators =
        Validators { etag: &representation.etag, last_modified: representation.last_modified };
    let ranges = match conditional::evaluate(request, validators, now) {
        Verdict::Failed => return Err(Refusal::PreconditionFailed),
        Verdict::NotModified => return Ok(not_modified(representation)),
        // Range is defined for GET only (section 14.2).
        Verdict::Send { ranges } => ranges && method == Method::GET,
    };
    let length = representation.content.length();
    let selection = match field::single(request, &RANGE) {
        Some(field) if ranges => range::select(field, length),
        _ => Selection::Whole,
    };
    match selection {
        Selection::Unsatisfiable => Err(Refusal::RangeNotSatisfiable { length }),
        Selection::Parts(parts) => Ok(partial(representation, &parts, request)),
        Selection::Whole => Ok(whole(representation)),
    }
}

/// 304 (section 15.4.5): only what a cache needs to update what it holds.
fn not_modified(representation: &Representation) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    describe_for_caches(response.headers_mut(), representation);
    response
}

fn whole(representation: &Representation) -> Response<Body> {
    let mut body = Body::default();
    let length = representation.content.length();
    if length > 0 {
        push(&mut body, representation, Part { first: 0, last: length - 1 });
    }
    let mut response = complete(body, representation);
    describe(response.headers_mut(), representation);
    response
}

/// 206 (section 15.3.7): one part as it is, several as multipart/byteranges.
fn partial(representation: &Representation, parts: &[Part], request: &HeaderMap) -> Response<Body> {
    let (body, content_type) = match parts {
        [part] => {
            let mut body = Body::default();
            push(&mut body, representation, *part);
            (body, None)
        }
        // A coding would cover the multipart itself, which ours is not under: send the whole,
        // as section 14.2 allows.
        _ if representation.coding.is_some() => return whole(representation),
        parts => {
            let boundary = boundary();
            let body = multipart(representation, parts, &boundary);
            (body, Some(format!("multipart/byteranges; boundary={boundary}")))
        }
    };
    let mut response = complete(body, representation);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    describe(headers, representation);
    // With If-Range the client has these already and should not get them again.
    if request.contains_key(IF_RANGE) {
        headers.remove(LAST_MODIFIED);
        headers.remove(CONTENT_LANGUAGE);
    }
    if let Some(content_type) = content_type {
        set(headers, CONTENT_TYPE, &content_type);
    } else if let [part] = parts {
        set(headers, CONTENT_RANGE, &content_range(*part, representation.content.length()));
    }
    response
}

/// A response with its length, which HEAD must show as well.
fn complete(body: Body, representation: &Representation) -> Response<Body> {
    let length = body.length();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(representation.media_type));
    response
}

fn describe(headers: &mut HeaderMap, representation: &Representation) {
    describe_for_caches(headers, representation);
    if let Some(time) = representation.last_modified {
        set(headers, LAST_MODIFIED, &httpdate::fmt_http_date(time));
    }
    if let Some(coding) = representation.coding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    if let Some(language) = representation.language {
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    }
    if let Some(policy) = representation.security_policy {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
}

fn describe_for_caches(headers: &mut HeaderMap, representation: &Representation) {
    set(headers, ETAG, &representation.etag.field_value());
    if let Some(vary) = representation.vary {
        headers.insert(VARY, HeaderValue::from_static(vary));
    }
    if let Some(freshness) = representation.cache_control {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(freshness));
    }
}

/// Sets a field to a value of our own making, which is always visible ASCII.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn content_range(part: Part, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.first, part.last)
}

/// Appends a part of the content to a body.
fn push(body: &mut Body, representation: &Representation, part: Part) {
    match &representation.content {
        Content::Memory(bytes) => {
            let first = usize::try_from(part.first).unwrap_or(usize::MAX).min(bytes.len());
            let end = usize::try_from(part.last + 1).unwrap_or(usize::MAX).min(bytes.len());
            body.push_bytes(bytes.slice(first..end.max(first)));
        }
        Content::File(file) => body.push_file(FilePart {
            file: file.clone(),
            part,
            unchanged: representation.etag.is_strong(),
        }),
    }
}

/// Several parts, each with its own head (section 14.6).
fn multipart(representation: &Representation, parts: &[Part], boundary: &str) -> Body {
    let length = representation.content.length();
    let mut body = Body::default();
    let mut separator = String::new();
    for part in parts {
        // Writing to a String cannot fail.
        let _ = write!(
            separator,
            "--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            representation.media_type,
            content_range(*part, length)
        );
        body.push_bytes(Bytes::from(std::mem::take(&mut separator)));
        push(&mut body, representation, *part);
        separator.push_str("\r\n");
    }
    body.push_bytes(Bytes::from(format!("\r\n--{boundary}--\r\n")));
    body
}

/// A line that no file contains: 128 random bits, new for each response, so nobody can put it
/// into a file beforehand.
fn boundary() -> String {
    format!("part-{:032x}", fastrand::u128(..))
}
