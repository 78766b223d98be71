//! Properties of the codec over bytes nobody chose.
#![allow(missing_docs, unreachable_pub, reason = "a test has no readers of its interface")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod invariants;

use invariants::{body, forwarded, normal, request, response};
use proptest::prelude::*;
use tombolo_http1::{BodyLimits, Framing, HeadLimits, Method};

/// Pieces that make up good, bad and hostile heads when strung together.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b",",
    b"\0",
    b"_",
    b"\xa0",
    b"GET / HTTP/1.1\r\n",
    b"POST /a?b HTTP/1.1\r\n",
    b"HEAD / HTTP/1.0\r\n",
    b"PRI * HTTP/2.0\r\n",
    b"GET http://b:81/c HTTP/1.1\r\n",
    b"OPTIONS * HTTP/1.2\r\n",
    b"CONNECT a:443 HTTP/1.1\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 204 \r\n",
    b"HTTP/1.1 304\r\n",
    b"HTTP/1.1 103 X\r\n",
    b"Host: a\r\n",
    b"Host: a\r\n",
    b"Host: [::1]:80\r\n",
    b"Content-Length: 5\r\n",
    b"content-length: 0\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer_Encoding: chunked\r\n",
    b"TE: trailers\r\n",
    b"Connection: close\r\n",
    b"Connection: x-a, authorization\r\n",
    b"X-A: 1\r\n",
    b"Connection: keep-alive, Upgrade\r\n",
    b"Upgrade: websocket\r\n",
    b"Authorization: b\r\n",
    b"Expect: 100-continue\r\n",
    b"Keep-Alive: 5\r\n",
    b"Via: 1.1 a\r\n",
    b"Name : value\r\n",
    b" folded\r\n",
    b"Empty:\r\n",
    b"Proxy: x\r\n",
    b"5\r\nhello\r\n",
    b"5;a=b\r\nhello\r\n",
    b"0\r\n",
    b"0\r\n\r\n",
    b"A",
    b"f",
    b";",
];

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        20 => prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// A start line, then field lines that are mostly good, then an empty line and something more.
fn likely_head(start: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let name = "[A-Za-z][A-Za-z0-9_.-]{0,12}";
    let value = "[ -~\\t]{0,20}";
    let line = prop_oneof![
        (name, value).prop_map(|(name, value)| format!("{name}: {value}\r\n").into_bytes()),
        prop::sample::select(PIECES)
            .prop_filter("lines", |piece| piece.len() > 3 && piece.ends_with(b"\r\n"))
            .prop_map(<[u8]>::to_vec),
    ];
    (prop::sample::select(start), prop::collection::vec(line, 0..8), soup()).prop_map(
        |(start, lines, rest)| [start, b"Host: a\r\n", &lines.concat(), b"\r\n", &rest].concat(),
    )
}

const REQUEST_LINES: &[&[u8]] =
    &[b"GET / HTTP/1.1\r\n", b"POST /a?b=c HTTP/1.1\r\n", b"\r\nPUT http://b/ HTTP/1.0\r\n"];
const STATUS_LINES: &[&[u8]] =
    &[b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404\r\n", b"HTTP/1.1 304 X\r\n", b"HTTP/1.1 103 \r\n"];

/// Pieces of paths, queries and hosts that have several spellings.
const TARGET_PIECES: &[&str] = &[
    "/", "/", "/", ".", "..", "%2e", "%2E%2e", "%2f", "%5c", "\\", "%", "%4", "%41", "%61",
    "%c3%a9", "%25", "%00", "a", "B", "~", "?", ";", ":", "|", "[::1]", "80",
];

fn target() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(TARGET_PIECES), 0..14)
        .prop_map(|pieces| format!("/{}", pieces.concat()).into_bytes())
}

fn methods() -> impl Strategy<Value = Method> {
    prop::sample::select(&[Method::Get, Method::Head, Method::Connect, Method::Post][..])
}

fn framings() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::None),
        (0..40_u64).prop_map(Framing::Length),
        Just(Framing::Chunked),
        Just(Framing::UntilClose),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn forwarded_values(before in "[a-z=\"\\\\;, \\[\\]:\t-]{0,24}", raw in soup()) {
        forwarded::check(before.as_bytes());
        forwarded::check(&raw);
    }

    #[test]
    fn request_heads(buf in prop_oneof![soup(), likely_head(REQUEST_LINES)], step in 1..40_usize) {
        request::check(&buf, step, &HeadLimits::default());
    }

    #[test]
    fn request_heads_under_small_limits(
        buf in likely_head(REQUEST_LINES),
        step in 1..40_usize,
        head_bytes in 0..200_usize,
        fields in 0..6_usize,
        target_bytes in 0..12_usize,
    ) {
        request::check(&buf, step, &HeadLimits { head_bytes, fields, target_bytes });
    }

    #[test]
    fn response_heads(
        buf in prop_oneof![soup(), likely_head(STATUS_LINES)],
        step in 1..40_usize,
        method in methods(),
    ) {
        response::check(&buf, step, &HeadLimits::default(), method);
    }

    #[test]
    fn normal_forms(sent in target()) {
        normal::check(&sent);
    }

    #[test]
    fn normal_forms_of_any_bytes(sent in prop::collection::vec(any::<u8>(), 0..40)) {
        normal::check(&sent);
    }

    #[test]
    fn bodies(buf in soup(), step in 1..9_usize, framing in framings(), body_bytes in 0..99_u64) {
        body::check(&buf, step, framing, BodyLimits { body_bytes, ..BodyLimits::default() });
    }

    #[test]
    fn bodies_under_small_limits(
        buf in soup(),
        step in 1..9_usize,
        chunk_line_bytes in 0..9_usize,
        trailer_bytes in 0..40_usize,
        tiny_chunks in 0..3_u64,
    ) {
        let limits =
            BodyLimits { chunk_line_bytes, trailer_bytes, tiny_chunks, ..BodyLimits::default() };
        body::check(&buf, step, Framing::Chunked, limits);
    }

    #[test]
    fn chunked_content_survives_any_split(
        content in prop::collection::vec(any::<u8>(), 0..300),
        sizes in prop::collection::vec(1..64_usize, 1..5),
        step in 1..64_usize,
        has_trailers in any::<bool>(),
    ) {
        let trailers: &[u8] = if has_trailers { b"X-Sum: 1\r\n" } else { b"" };
        let mut wire = body::encode(&content, &sizes, trailers);
        let taken = wire.len();
        wire.extend_from_slice(b"GET / HTTP/1.1\r\n");
        let read = body::decode(&wire, step, Framing::Chunked, BodyLimits::default()).unwrap();
        let expected = body::Reading { content, taken, trailers: trailers.to_vec(), done: true };
        prop_assert_eq!(read, expected);
    }
}

/// The generators must reach what they are meant to check.
#[test]
fn generators_make_heads_that_are_accepted() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut accepted = [0, 0, 0, 0];
    for _ in 0..400 {
        let mut draw = |heads| likely_head(heads).new_tree(&mut runner).unwrap().current();
        let (request, response) = (draw(REQUEST_LINES), draw(STATUS_LINES));
        let body = soup().new_tree(&mut runner).unwrap().current();
        let target = target().new_tree(&mut runner).unwrap().current();
        accepted[3] += usize::from(normal::check(&target));
        accepted[0] += usize::from(request::check(&request, 3, &HeadLimits::default()));
        accepted[1] +=
            usize::from(response::check(&response, 3, &HeadLimits::default(), Method::Get));
        accepted[2] += usize::from(body::check(&body, 3, Framing::Chunked, BodyLimits::default()));
    }
    let [requests, responses, bodies, paths] = accepted;
    assert!(requests > 40 && responses > 40 && bodies > 2 && paths > 40, "{accepted:?}");
}
