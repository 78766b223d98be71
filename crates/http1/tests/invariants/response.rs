//! Invariants of response heads.

use tombolo_http1::{Framing, HeadLimits, Method, ResponseHead, write};

use super::head::{Line, check_forwarded, check_lines, line, write_lines};

#[derive(PartialEq, Eq, Debug)]
struct Reading {
    taken: usize,
    status: u16,
    reason: Vec<u8>,
    framing: Framing,
    declared_length: Option<u64>,
    keep_alive: bool,
    fields: Vec<Line>,
    forwarded: Vec<Line>,
}

fn parse(
    head: &mut ResponseHead,
    buf: &[u8],
    limits: &HeadLimits,
    method: Method,
) -> Result<Option<Reading>, ()> {
    let taken = head.parse(buf, limits, method).map_err(|error| {
        assert!(!error.reason().is_empty() && !error.rule().is_empty());
    })?;
    Ok(taken.map(|taken| Reading {
        taken,
        status: head.status(),
        reason: head.reason().of(buf).to_vec(),
        framing: head.framing(),
        declared_length: head.declared_length(),
        keep_alive: head.keep_alive(),
        fields: head.fields().iter().map(|&field| line(field, buf)).collect(),
        forwarded: head.forwardable(buf).map(|field| line(field, buf)).collect(),
    }))
}

fn parse_split(
    buf: &[u8],
    step: usize,
    limits: &HeadLimits,
    method: Method,
) -> Result<Option<Reading>, ()> {
    let mut head = ResponseHead::new();
    let mut end = 0;
    loop {
        let outcome = parse(&mut head, &buf[..end], limits, method);
        if end == buf.len() || !matches!(outcome, Ok(None)) {
            return outcome;
        }
        end = (end + step.max(1)).min(buf.len());
    }
}

/// Checks everything that must hold for `buf` as an answer to `method`. Tells whether it held an
/// acceptable head.
pub fn check(buf: &[u8], step: usize, limits: &HeadLimits, method: Method) -> bool {
    let whole = parse(&mut ResponseHead::new(), buf, limits, method);
    let split = parse_split(buf, step, limits, method);
    assert_eq!(whole, split, "split and whole differ");
    let Ok(Some(read)) = whole else { return false };
    let head = &buf[..read.taken];
    assert!(read.taken <= limits.head_bytes && read.fields.len() <= limits.fields);
    assert_eq!(parse(&mut ResponseHead::new(), &head[..head.len() - 1], limits, method), Ok(None));
    let mut parsed = ResponseHead::new();
    parsed.parse(head, limits, method).unwrap();
    check_lines(head, parsed.fields());
    check_forwarded(&read.fields, &read.forwarded);
    check_framing(&read, method);
    check_rewritten(&read, method);
    true
}

fn check_framing(read: &Reading, method: Method) {
    let count = |wanted: &str| read.fields.iter().filter(|(name, _)| name == wanted).count();
    let (lengths, codings) = (count("content-length"), count("transfer-encoding"));
    assert!((100..=999).contains(&read.status));
    assert!(lengths + codings <= 1);
    assert_eq!(read.declared_length.is_some(), lengths == 1);
    let bodiless = matches!(read.status, 100..=199 | 204 | 304)
        || method == Method::Head
        || (method == Method::Connect && read.status < 300);
    match read.framing {
        Framing::None => assert!(bodiless),
        Framing::Length(length) => assert_eq!(read.declared_length, Some(length)),
        Framing::Chunked => assert_eq!(codings, 1),
        Framing::UntilClose => assert!(lengths + codings == 0 && !read.keep_alive),
    }
    assert!(!bodiless || read.framing == Framing::None);
}

fn check_rewritten(read: &Reading, method: Method) {
    let mut out = Vec::new();
    write::status_line(&mut out, read.status, &read.reason);
    write_lines(&mut out, &read.forwarded);
    write::framing(&mut out, read.framing);
    write::end(&mut out);
    let roomy = HeadLimits { head_bytes: out.len() + 1, fields: 128, target_bytes: 0 };
    let again = match parse(&mut ResponseHead::new(), &out, &roomy, method) {
        Ok(Some(again)) => again,
        Err(()) if read.fields.len() + 1 > 128 => return,
        other => panic!("rewritten head gave {other:?}: {}", out.escape_ascii()),
    };
    assert_eq!((again.taken, again.status), (out.len(), read.status));
    assert_eq!(again.framing, read.framing);
    assert_eq!(again.forwarded, read.forwarded);
}
