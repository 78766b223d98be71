//! Given what is stored and a request with Range, then these bytes; by clause.

use proptest::prelude::*;

use super::*;
use crate::metadata::{Metadata, Part};
use crate::storability::Plan;
use crate::testing::{request, request_to};
use crate::time::Timestamp;
use crate::vary::Vary;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nX: 1\r\n";
/// 1994-11-06 08:49:37
const MODIFIED: Timestamp = Timestamp::from_secs(784_111_777);

fn whole() -> Metadata {
    let start = u32::try_from(b"HTTP/1.1 200 OK\r\nETag: ".len()).unwrap();
    Metadata {
        status: 200,
        etag: tombolo_http1::Span { start, end: start + 5 },
        last_modified: Some(MODIFIED),
        date: Timestamp::from_secs(784_111_800),
        ..Metadata::default()
    }
}

fn held(first: u64, last: u64, complete: Option<u64>) -> Metadata {
    Metadata { part: Some(Part { first, last, complete }), ..whole() }
}

fn part(first: u64, last: u64) -> Part {
    Part { first, last, complete: Some(10) }
}

/// From a stored body of ten bytes.
fn of_ten(fields: &str) -> Selection {
    select(&request(fields).as_request(), &whole(), HEAD, 10)
}

fn of_held(meta: &Metadata, range: &str) -> Selection {
    let fields = if range.is_empty() { String::new() } else { format!("Range: {range}\r\n") };
    select(&request(&fields).as_request(), meta, HEAD, meta.part.unwrap().len())
}

#[test]
fn rfc9110_14_1_2_single_ranges() {
    for (range, first, last) in [
        ("bytes=0-1", 0, 1),
        ("bytes=1-", 1, 9),
        ("bytes=-1", 9, 9),
        ("bytes=-99", 0, 9),
        ("bytes=5-999999999999999999999999", 5, 9),
        ("Bytes= 3-4 ,", 3, 4),
        ("bytes=99-, 2-3", 2, 3),
    ] {
        let found = of_ten(&format!("Range: {range}\r\n"));
        assert_eq!(found, Selection::Single(part(first, last)), "{range}");
    }
}

#[test]
fn rfc9110_15_5_17_what_lies_outside_is_416() {
    for range in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99-100,-0"] {
        let found = of_ten(&format!("Range: {range}\r\n"));
        assert_eq!(found, Selection::Unsatisfiable { complete: 10 }, "{range}");
    }
    let empty = select(&request("Range: bytes=0-\r\n").as_request(), &whole(), HEAD, 0);
    assert_eq!(empty, Selection::Unsatisfiable { complete: 0 });
}

#[test]
fn rfc9110_14_2_what_is_ignored() {
    for range in [
        "items=0-1",
        "bytes=",
        "bytes=3-1",
        "bytes=a-b",
        "bytes=1",
        "bytes=-",
        "bytes=1-2,x",
        "0-1",
    ] {
        assert_eq!(of_ten(&format!("Range: {range}\r\n")), Selection::Whole, "{range}");
    }
    let many = "0-0,".repeat(RANGES_MAX + 1);
    assert_eq!(of_ten(&format!("Range: bytes={many}\r\n")), Selection::Whole);
    assert_eq!(of_ten("Range: bytes=0-1\r\nRange: bytes=2-3\r\n"), Selection::Whole);
    let head = request_to("HEAD /", "Range: bytes=0-1\r\n");
    assert_eq!(select(&head.as_request(), &whole(), HEAD, 10), Selection::Whole);
    let missing = Metadata { status: 404, ..whole() };
    let asked = request("Range: bytes=0-1\r\n");
    assert_eq!(select(&asked.as_request(), &missing, HEAD, 10), Selection::Whole);
}

#[test]
fn rfc9110_15_3_7_2_several_ranges() {
    let found = of_ten("Range: bytes=7-8, 0-1\r\n");
    assert_eq!(found, Selection::Several(vec![part(7, 8), part(0, 1)]));
    assert_eq!(of_ten("Range: bytes=0-9,0-9,0-9\r\n"), Selection::Whole);
    let frame = Multipart { boundary: b"B", content_type: Some(b"text/plain") };
    let mut out = Vec::new();
    frame.part_head(&part(7, 8), &mut out);
    out.extend_from_slice(b"78");
    frame.part_head(&part(0, 1), &mut out);
    out.extend_from_slice(b"01");
    frame.end(&mut out);
    let text = "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-8/10\r\n\r\n78\
                \r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
                \r\n--B--\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), text);
    assert_eq!(frame.length(&[part(7, 8), part(0, 1)]), text.len() as u64);
}

#[test]
fn rfc9110_13_1_5_if_range_by_strong_comparison() {
    let of = |validator: &str| of_ten(&format!("Range: bytes=0-1\r\nIf-Range: {validator}\r\n"));
    let current = Selection::Single(part(0, 1));
    assert_eq!(of("\"abc\""), current);
    assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), current);
    for other in [
        "\"abd\"",
        "W/\"abc\"",
        "abc",
        "Sun, 06 Nov 1994 08:49:38 GMT",
        "Sun, 06 Nov 1994 08:49:36 GMT",
    ] {
        assert_eq!(of(other), Selection::Whole, "{other}");
    }
    let same_second = Metadata { date: MODIFIED, ..whole() };
    let dated = request("Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    assert_eq!(select(&dated.as_request(), &same_second, HEAD, 10), Selection::Whole);
}

#[test]
fn rfc9111_3_3_a_stored_part_answers_what_it_covers() {
    let end = held(5, 9, Some(10));
    assert_eq!(of_held(&end, "bytes=-5"), Selection::Single(part(5, 9)));
    assert_eq!(of_held(&end, "bytes=6-8"), Selection::Single(part(6, 8)));
    assert_eq!(of_held(&end, "bytes=6-"), Selection::Single(part(6, 9)));
    assert_eq!(of_held(&end, "bytes=-1"), Selection::Single(part(9, 9)));
    assert_eq!(of_held(&end, "bytes=20-"), Selection::Unsatisfiable { complete: 10 });
    for uncovered in ["", "bytes=0-1", "bytes=4-6", "bytes=-6", "bytes=6-6,7-7", "x=1"] {
        assert_eq!(of_held(&end, uncovered), Selection::NotHeld, "{uncovered}");
    }
    let unknown = held(5, 9, None);
    assert_eq!(of_held(&unknown, "bytes=-1"), Selection::NotHeld);
    assert_eq!(of_held(&unknown, "bytes=7-"), Selection::NotHeld);
    let found = Selection::Single(Part { first: 7, last: 8, complete: None });
    assert_eq!(of_held(&unknown, "bytes=7-8"), found);
    let torn = select(&request("Range: bytes=5-6\r\n").as_request(), &end, HEAD, 4);
    assert_eq!(torn, Selection::NotHeld);
}

fn plan(part: Option<Part>, tag: &str) -> Plan {
    let head = format!("HTTP/1.1 200 OK\r\nETag: {tag}\r\nY: 2\r\n").into_bytes();
    let start = u32::try_from(b"HTTP/1.1 200 OK\r\nETag: ".len()).unwrap();
    let end = start + u32::try_from(tag.len()).unwrap();
    let etag = tombolo_http1::Span { start, end };
    Plan { metadata: Metadata { part, etag, ..whole() }, head, vary: Vary::default() }
}

#[test]
fn rfc9111_3_4_parts_are_joined_by_strong_validator() {
    let stored = held(0, 4, Some(10));
    let with = |first, last, tag: &str| join(&stored, HEAD, &plan(Some(part(first, last)), tag));
    let whole = Joining::Joined { part: None, before: false, keep: 5, skip: 0 };
    assert_eq!(with(5, 9, "\"abc\""), whole);
    let overlapping = Joining::Joined { part: Some(part(0, 6)), before: false, keep: 3, skip: 0 };
    assert_eq!(with(3, 6, "\"abc\""), overlapping);
    assert_eq!(with(1, 2, "\"abc\""), Joining::Held);
    assert_eq!(with(0, 7, "\"abc\""), Joining::Replace);
    assert_eq!(with(6, 9, "\"abc\""), Joining::Replace);
    assert_eq!(with(5, 9, "\"abd\""), Joining::Replace);
    assert_eq!(with(5, 9, "W/\"abc\""), Joining::Replace);
    let longer = Part { first: 5, last: 9, complete: Some(11) };
    assert_eq!(join(&stored, HEAD, &plan(Some(longer), "\"abc\"")), Joining::Replace);
    let end = held(5, 9, Some(10));
    let before = Joining::Joined { part: None, before: true, keep: 0, skip: 1 };
    assert_eq!(join(&end, HEAD, &plan(Some(part(0, 5)), "\"abc\"")), before);
}

#[test]
fn rfc9111_3_4_a_part_is_completed() {
    let ask = |meta: &Metadata| completion(meta, HEAD).map(|ask| ask.range);
    assert_eq!(ask(&held(0, 4, Some(10))), Some(b"bytes=5-".to_vec()));
    assert_eq!(ask(&held(0, 4, None)), Some(b"bytes=5-".to_vec()));
    assert_eq!(ask(&held(5, 9, Some(10))), Some(b"bytes=0-4".to_vec()));
    assert_eq!(ask(&held(5, 8, Some(10))), None);
    assert_eq!(ask(&whole()), None);
    let untagged = Metadata { etag: tombolo_http1::Span::default(), ..held(0, 4, Some(10)) };
    assert_eq!(ask(&untagged), None);
    let wanted = completion(&held(0, 4, Some(10)), HEAD).unwrap();
    assert_eq!(wanted.if_range, b"\"abc\"");
}

#[test]
fn rfc9111_3_4_the_joined_head_is_the_newer_with_what_it_lacks() {
    let (head, meta) = complete_head(HEAD, &plan(Some(part(5, 9)), "\"abc\""), None);
    assert_eq!(head, b"HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nY: 2\r\nX: 1\r\n");
    assert_eq!(meta.part, None);
    assert_eq!(meta.etag_of(&head), Some(&b"\"abc\""[..]));
}

#[test]
fn rfc9110_14_4_content_range() {
    let of = |text: &str| content_range(text.as_bytes());
    assert_eq!(of("bytes 0-4/10"), Some(part(0, 4)));
    assert_eq!(of("bytes 0-4/*"), Some(Part { first: 0, last: 4, complete: None }));
    for bad in [
        "",
        "bytes",
        "bytes 4-0/10",
        "bytes 0-10/10",
        "bytes */10",
        "bytes 0-4",
        "items 0-4/10",
        "bytes 0 - 4/10",
        "bytes -4/10",
        "bytes 0-18446744073709551615/*",
        "bytes 0-99999999999999999999/*",
    ] {
        assert_eq!(of(bad), None, "{bad}");
    }
    let mut out = Vec::new();
    write_content_range(&part(0, 4), &mut out);
    write_unsatisfied(10, &mut out);
    assert_eq!(out, b"Content-Range: bytes 0-4/10\r\nContent-Range: bytes */10\r\n");
}

proptest! {
    #[test]
    fn selected_bytes_are_there(value in "(bytes=)?[0-9, -]{0,24}", length in 0_u64..40) {
        let asked = request(&format!("Range: {value}\r\n"));
        let parts = match select(&asked.as_request(), &whole(), HEAD, length) {
            Selection::Single(part) => vec![part],
            Selection::Several(parts) => parts,
            _ => vec![],
        };
        prop_assert!(parts.len() <= RANGES_MAX);
        for part in &parts {
            prop_assert!(part.first <= part.last && part.last < length);
        }
        prop_assert!(parts.iter().map(Part::len).sum::<u64>() <= length);
    }

    #[test]
    fn joined_parts_have_the_bytes_they_claim(
        a in 0_u64..20, b in 0_u64..20, c in 0_u64..20, d in 0_u64..20, known: bool,
    ) {
        let complete = known.then_some(20);
        let (old, new) = (
            Part { first: a.min(b), last: a.max(b), complete },
            Part { first: c.min(d), last: c.max(d), complete },
        );
        let bytes = |part: Part| (part.first..=part.last).collect::<Vec<_>>();
        let stored = held(old.first, old.last, complete);
        if let Joining::Joined { part, before, keep, skip } =
            join(&stored, HEAD, &plan(Some(new), "\"abc\""))
        {
            let (keep, skip) = (keep as usize, skip as usize);
            let body = if before {
                [&bytes(new)[..], &bytes(old)[skip..]].concat()
            } else {
                [&bytes(old)[..keep], &bytes(new)[..]].concat()
            };
            let claimed = part.unwrap_or(Part { first: 0, last: 19, complete });
            prop_assert_eq!(body, bytes(claimed));
        }
    }

    #[test]
    fn any_content_range_is_read_or_refused(value in ".{0,40}") {
        if let Some(part) = content_range(value.as_bytes()) {
            prop_assert!(part.first <= part.last);
        }
    }
}
