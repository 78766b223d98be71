//! Invariants of request heads.

use tombolo_http1::{Framing, HeadLimits, Method, RequestHead, TargetForm, write};

use super::head::{Line, check_forwarded, check_lines, line, write_lines};

/// What one parse said, without offsets.
#[derive(PartialEq, Eq, Debug)]
struct Reading {
    taken: usize,
    method: Vec<u8>,
    target: Vec<u8>,
    authority: Vec<u8>,
    framing: Framing,
    keep_alive: bool,
    expects_continue: bool,
    fields: Vec<Line>,
    forwarded: Vec<Line>,
}

fn reading(head: &RequestHead, buf: &[u8], taken: usize) -> Reading {
    Reading {
        taken,
        method: head.method_span().of(buf).to_vec(),
        target: head.target().of(buf).to_vec(),
        authority: head.authority().of(buf).to_vec(),
        framing: head.framing(),
        keep_alive: head.keep_alive(),
        expects_continue: head.expects_continue(),
        fields: head.fields().iter().map(|&field| line(field, buf)).collect(),
        forwarded: head.forwardable(buf).map(|field| line(field, buf)).collect(),
    }
}

/// `Err(())`: refused. `Ok(None)`: unfinished.
fn parse(head: &mut RequestHead, buf: &[u8], limits: &HeadLimits) -> Result<Option<Reading>, ()> {
    match head.parse(buf, limits) {
        Ok(taken) => Ok(taken.map(|taken| reading(head, buf, taken))),
        Err(error) => {
            assert!(matches!(error.status(), 400 | 414 | 417 | 431 | 501 | 505));
            assert!(!error.reason().is_empty() && !error.rule().is_empty());
            assert!(head.fields().is_empty() && head.framing() == Framing::None);
            Err(())
        }
    }
}

/// Parses `buf` as it grows by `step` bytes at a time.
fn parse_split(buf: &[u8], step: usize, limits: &HeadLimits) -> Result<Option<Reading>, ()> {
    let mut head = RequestHead::new();
    let mut end = 0;
    loop {
        let outcome = parse(&mut head, &buf[..end], limits);
        if end == buf.len() || !matches!(outcome, Ok(None)) {
            return outcome;
        }
        end = (end + step.max(1)).min(buf.len());
    }
}

/// Checks everything that must hold for `buf`; `step` is how it is split. Tells whether it held
/// an acceptable head.
pub fn check(buf: &[u8], step: usize, limits: &HeadLimits) -> bool {
    let whole = parse(&mut RequestHead::new(), buf, limits);
    let split = parse_split(buf, step, limits);
    let Ok(Some(read)) = whole else {
        assert_eq!(whole, split, "split and whole differ");
        return false;
    };
    assert_eq!(Ok(Some(&read)), split.as_ref().map(Option::as_ref), "split and whole differ");
    let head = &buf[..read.taken];
    assert!(read.taken <= limits.head_bytes && read.fields.len() <= limits.fields);
    assert!(read.target.len() <= limits.target_bytes);
    assert_eq!(
        parse(&mut RequestHead::new(), &head[..head.len() - 1], limits),
        Ok(None),
        "complete before its end"
    );
    let mut parsed = RequestHead::new();
    parsed.parse(head, limits).unwrap();
    check_lines(head, parsed.fields());
    check_framing(&read);
    check_forwarded(&read.fields, &read.forwarded);
    assert!(read.forwarded.iter().all(|(name, _)| name != "host" && name != "proxy"));
    check_rewritten(&parsed, head, &read);
    true
}

/// The framing, worked out a second time from the lines.
fn check_framing(read: &Reading) {
    let values = |wanted: &str| -> Vec<String> {
        let lines = read.fields.iter().filter(|(name, _)| name == wanted);
        lines.map(|(_, value)| String::from_utf8_lossy(value).to_ascii_lowercase()).collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match read.framing {
        Framing::None => assert!(lengths.is_empty() && codings.is_empty()),
        Framing::Length(length) => {
            assert!(codings.is_empty());
            assert_eq!(lengths, [length.to_string()]);
        }
        Framing::Chunked => {
            assert!(lengths.is_empty());
            assert_eq!(codings, ["chunked"]);
        }
        Framing::UntilClose => panic!("a request until close"),
    }
}

/// What the gateway would send is accepted again and means the same.
fn check_rewritten(head: &RequestHead, buf: &[u8], read: &Reading) {
    let mut out = Vec::new();
    let target = match (head.form(), head.path_and_query().of(buf)) {
        (TargetForm::Authority, _) => &read.target,
        (_, [b'?', ..]) => &[b"/", head.path_and_query().of(buf)].concat(),
        (_, []) if head.method() == Method::Options => &b"*"[..],
        (_, []) => &b"/"[..],
        (_, path) => path,
    };
    write::request_line(&mut out, &read.method, target);
    let authority = if read.authority.is_empty() { b"none" } else { &read.authority[..] };
    write::field(&mut out, b"Host", authority);
    write_lines(&mut out, &read.forwarded);
    write::framing(&mut out, read.framing);
    write::end(&mut out);
    let roomy = HeadLimits { head_bytes: out.len() + 1, fields: 128, target_bytes: out.len() };
    let again = match parse(&mut RequestHead::new(), &out, &roomy) {
        Ok(Some(again)) => again,
        // One more Host, or framing field, than there was room for.
        Err(()) if read.fields.len() + 2 > 128 => return,
        other => panic!("rewritten head gave {other:?}: {}", out.escape_ascii()),
    };
    assert_eq!(again.taken, out.len());
    assert_eq!(again.method, read.method);
    assert_eq!(again.authority, authority);
    assert_eq!(again.framing, read.framing);
    assert_eq!(again.expects_continue, read.expects_continue);
    assert_eq!(again.forwarded, read.forwarded);
}
