//! Conditional requests (RFC 9110, section 13) against a real file.

use crate::harness::{CHANGED, Replica};

const BEFORE: &str = "Sat, 01 Nov 2025 08:00:00 GMT";
const AFTER: &str = "Mon, 03 Nov 2025 08:00:00 GMT";

/// A replica with a file, and the file's tag.
fn replica() -> (Replica, String) {
    let replica = Replica::of_folder();
    replica.put("file.txt", "0123456789");
    let etag = replica.get("/file.txt").field("etag").unwrap().to_owned();
    (replica, etag)
}

#[test]
fn the_whole_matrix() {
    let (replica, etag) = replica();
    let weak = format!("W/{etag}");
    let listed = format!("\"x\", {etag}");
    let cases: &[(u16, &[(&str, &str)])] = &[
        (200, &[]),
        (200, &[("If-Match", &etag)]),
        (200, &[("If-Match", "*")]),
        (200, &[("If-Match", &listed)]),
        (200, &[("If-Match", "\"x\""), ("If-Match", &etag)]),
        (412, &[("If-Match", &weak)]),
        (412, &[("If-Match", "\"x\"")]),
        (412, &[("If-Match", "not a tag")]),
        (200, &[("If-Match", &etag), ("If-Unmodified-Since", BEFORE)]),
        (412, &[("If-Unmodified-Since", BEFORE)]),
        (200, &[("If-Unmodified-Since", CHANGED)]),
        (200, &[("If-Unmodified-Since", AFTER)]),
        (200, &[("If-Unmodified-Since", "soon")]),
        (304, &[("If-None-Match", &etag)]),
        (304, &[("If-None-Match", &weak)]),
        (304, &[("If-None-Match", "*")]),
        (304, &[("If-None-Match", &listed)]),
        (304, &[("If-None-Match", "\"x\""), ("If-None-Match", &etag)]),
        (200, &[("If-None-Match", "\"x\"")]),
        (200, &[("If-None-Match", "\"x\""), ("If-Modified-Since", AFTER)]),
        (304, &[("If-None-Match", &etag), ("If-Modified-Since", BEFORE)]),
        (304, &[("If-Modified-Since", CHANGED)]),
        (304, &[("If-Modified-Since", AFTER)]),
        (304, &[("If-Modified-Since", "Sunday, 02-Nov-25 08:00:00 GMT")]),
        (304, &[("If-Modified-Since", "Sun Nov  2 08:00:00 2025")]),
        (200, &[("If-Modified-Since", BEFORE)]),
        (200, &[("If-Modified-Since", "2025-11-02T08:00:00Z")]),
        (412, &[("If-Match", "\"x\""), ("If-None-Match", &etag)]),
        (304, &[("If-Match", &etag), ("If-None-Match", &etag)]),
        (304, &[("Range", "bytes=0-1"), ("If-None-Match", &etag)]),
        (206, &[("Range", "bytes=0-1"), ("If-Range", &etag)]),
        (206, &[("Range", "bytes=0-1"), ("If-Range", CHANGED)]),
        (206, &[("Range", "bytes=0-1"), ("If-Match", &etag)]),
        (200, &[("Range", "bytes=0-1"), ("If-Range", &weak)]),
        (200, &[("Range", "bytes=0-1"), ("If-Range", "\"x\"")]),
        (200, &[("Range", "bytes=0-1"), ("If-Range", AFTER)]),
        (200, &[("Range", "bytes=99-"), ("If-Range", "\"x\"")]),
        (416, &[("Range", "bytes=99-"), ("If-Range", &etag)]),
    ];
    for (status, fields) in cases {
        for method in ["GET", "HEAD"] {
            let answer = replica.request(method, "/file.txt", fields);
            // Range means nothing with HEAD.
            let expected = match (method, *status) {
                ("HEAD", 206 | 416) => 200,
                (_, status) => status,
            };
            assert_eq!(answer.status, expected, "{method} {fields:?}");
        }
    }
}

#[test]
fn not_modified_tells_what_a_cache_must_update() {
    let (replica, etag) = replica();
    replica.put("file.txt.gz", "zipped");
    let answer = replica.get_with("/file.txt", &[("If-None-Match", &etag)]);
    assert_eq!(answer.status, 304);
    assert_eq!(answer.field("etag"), Some(etag.as_str()));
    assert_eq!(answer.field("vary"), Some("Accept-Encoding"));
    assert_eq!(answer.field("x-replica"), Some("test-1"));
    for absent in ["content-type", "content-length", "last-modified", "content-encoding"] {
        assert_eq!(answer.field(absent), None, "{absent}");
    }
}

#[test]
fn preconditions_do_not_hide_that_nothing_is_there() {
    let (replica, _) = replica();
    for field in ["If-Match", "If-None-Match"] {
        assert_eq!(replica.get_with("/none", &[(field, "*")]).status, 404, "{field}");
    }
}

#[test]
fn a_fresh_date_is_too_weak_for_a_range() {
    let replica = Replica::of_folder();
    replica.put_changed("file", "0123456789", std::time::SystemTime::now());
    let told = replica.get("/file").field("last-modified").unwrap().to_owned();
    let fields = [("Range", "bytes=0-1"), ("If-Range", told.as_str())];
    // Unless a second has gone by since, the file may have changed within it.
    let answer = replica.get_with("/file", &fields);
    let date = httpdate::parse_http_date(answer.field("date").unwrap()).unwrap();
    if date == httpdate::parse_http_date(&told).unwrap() {
        assert_eq!(answer.status, 200);
    }
}
