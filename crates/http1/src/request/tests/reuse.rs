//! Limits, and one head used for message after message.

use super::*;
use crate::limits::MAX_FIELDS;

#[test]
fn limits_hold_before_and_after_the_end() {
    let limits = HeadLimits { head_bytes: 400, fields: 3, target_bytes: 100 };
    let status = |wire: &str| {
        let mut head = RequestHead::new();
        head.parse(wire.as_bytes(), &limits).map_err(|error| error.status())
    };
    let long = "a".repeat(400);
    assert_eq!(status(&format!("GET /{long}")), Err(414));
    assert_eq!(status(&format!("GET /{}", &long[..200])), Err(414));
    assert_eq!(status(&format!("GET /{} HTTP/1.1\r\n", &long[..100])), Ok(None));
    assert_eq!(status(&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[..100])), Err(414));
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nA: {long}")), Err(431));
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\nA: {long}\r\n\r\n")), Err(431));
    assert!(status(&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[..99])).is_ok());
    let roomy = HeadLimits { target_bytes: 1000, ..limits };
    let error = RequestHead::new().parse(format!("GET /{long}").as_bytes(), &roomy).unwrap_err();
    assert_eq!(error.status(), 414, "no head fits, and it is the line's fault");
    let line_of_the_longest_kind = format!("GET /{}", &long[..159]);
    assert_eq!(status(&line_of_the_longest_kind), Ok(None));
    assert_eq!(status(&format!("{line_of_the_longest_kind}\r")), Ok(None));
    assert_eq!(status(&format!("{line_of_the_longest_kind}a\r\nA")), Err(414));
    let fields = "A: b\r\n".repeat(3);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")), Err(431));
    assert!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", &fields[..12])).is_ok());
    let many = "A: b\r\n".repeat(MAX_FIELDS + 1);
    assert_eq!(refused(&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")), 431);
}

#[test]
fn a_head_is_reused_without_leftovers() {
    let mut head = RequestHead::new();
    let first =
        b"POST http://b/ HTTP/1.0\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n";
    assert!(head.parse(first, &HeadLimits::default()).unwrap().is_some());
    let second = b"GET / HTTP/1.1\r\nHost: c\r\n\r\n";
    assert_eq!(head.parse(second, &HeadLimits::default()).unwrap(), Some(second.len()));
    assert_eq!(head.authority().of(second), b"c");
    assert!(head.keep_alive() && head.framing() == Framing::None && head.fields().len() == 1);
    assert_eq!(head.parse(b"GET / HT", &HeadLimits::default()).unwrap(), None);
    assert!(head.fields().is_empty() && head.authority().is_empty(), "nothing of the last one");
    head.reset();
    assert_eq!(head.parse(second, &HeadLimits::default()).unwrap(), Some(second.len()));
}

#[test]
fn a_refused_request_leaves_its_line_for_the_log_and_nothing_else() {
    let mut head = RequestHead::new();
    let good = b"POST /good HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    assert!(head.parse(good, &HeadLimits::default()).unwrap().is_some());
    let bad = b"PUT /bad HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n";
    assert!(head.parse(bad, &HeadLimits::default()).is_err());
    assert_eq!((head.method_span().of(bad), head.target().of(bad)), (&b"PUT"[..], &b"/bad"[..]));
    assert!(head.fields().is_empty() && head.framing() == Framing::None);
    assert!(head.parse(b"GET\n", &HeadLimits::default()).is_err());
    assert!(head.target().is_empty());
}

#[test]
fn heads_that_arrive_in_parts_can_follow_each_other() {
    let mut head = RequestHead::new();
    for wire in [
        &b"\r\n\r\nGET /first HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n"[..],
        b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /third HTTP/1.1\r\nHost: abc\r\nContent-Length: 3\r\n\r\n",
    ] {
        for end in 0..wire.len() {
            assert_eq!(head.parse(&wire[..end], &HeadLimits::default()), Ok(None));
        }
        assert_eq!(head.parse(wire, &HeadLimits::default()), Ok(Some(wire.len())));
    }
    assert_eq!(head.framing(), Framing::Length(3));
    head.reset();
    assert!(head.fields().is_empty() && head.framing() == Framing::None);
}
