//! Instruction counts of the hot paths, the same on every run (callgrind). Each case has a limit
//! about 10 % above what was counted when it was set; going over it fails the run. Counted with
//! AVX2, which valgrind offers on any x86-64 machine of the last ten years.
#![allow(missing_docs, unused_qualifications, reason = "the harness generates the items")]

use std::hint::black_box;

use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use tombolo_http1::{
    BodyDecoder, BodyLimits, Framing, HeadLimits, Method, RequestHead, ResponseHead, write,
};

/// What a browser sends for a script: ten fields.
const BROWSER: &[u8] = b"GET /assets/app.js?v=12 HTTP/1.1\r\nHost: www.example.org\r\n\
    Connection: keep-alive\r\nsec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/140.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\
    \r\nReferer: https://www.example.org/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\
    If-None-Match: \"5f3c-abcdef\"\r\n\r\n";

/// What a load generator sends.
const SHORT: &[u8] = b"GET /1k HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

/// What a file server answers.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 1024\r\n\
    Last-Modified: Fri, 21 Nov 2025 00:00:00 GMT\r\nConnection: keep-alive\r\n\
    ETag: \"5f3c-400\"\r\nAccept-Ranges: bytes\r\n\r\n";

/// At most this many instructions.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    config.tool(callgrind);
    config
}

/// A head that has parsed `wire` before, as on the second request of a connection.
fn warm_request(wire: &'static [u8]) -> (RequestHead, &'static [u8]) {
    let mut head = RequestHead::new();
    let _ = head.parse(wire, &HeadLimits::default());
    (head, wire)
}

fn warm_response() -> ResponseHead {
    let mut head = ResponseHead::new();
    let _ = head.parse(ANSWER, &HeadLimits::default(), Method::Get);
    head
}

#[library_benchmark]
#[bench::browser(args = (BROWSER,), setup = warm_request, config = at_most(5_330))]
#[bench::short(args = (SHORT,), setup = warm_request, config = at_most(1_580))]
fn parse_request((mut head, wire): (RequestHead, &'static [u8])) -> RequestHead {
    let _ = black_box(head.parse(black_box(wire), &HeadLimits::default()));
    head
}

// The second half arrives later: the careful way.
#[library_benchmark]
#[bench::browser(args = (BROWSER,), setup = warm_request, config = at_most(8_650))]
fn parse_request_in_two((mut head, wire): (RequestHead, &'static [u8])) -> RequestHead {
    let half = wire.get(..wire.len() / 2).unwrap_or_default();
    let _ = black_box(head.parse(black_box(half), &HeadLimits::default()));
    let _ = black_box(head.parse(black_box(wire), &HeadLimits::default()));
    head
}

#[library_benchmark]
#[bench::file(setup = warm_response, config = at_most(3_710))]
fn parse_response(mut head: ResponseHead) -> ResponseHead {
    let _ = black_box(head.parse(black_box(ANSWER), &HeadLimits::default(), Method::Get));
    head
}

fn request_and_room() -> (RequestHead, Vec<u8>) {
    (warm_request(BROWSER).0, Vec::with_capacity(4096))
}

#[library_benchmark]
#[bench::browser(setup = request_and_room, config = at_most(1_460))]
fn write_head((head, mut out): (RequestHead, Vec<u8>)) -> (RequestHead, Vec<u8>) {
    write::request_line(&mut out, head.method_span().of(BROWSER), head.target().of(BROWSER));
    write::field(&mut out, b"Host", head.authority().of(BROWSER));
    for field in head.forwardable(BROWSER) {
        write::field(&mut out, field.name.of(BROWSER), field.value.of(BROWSER));
    }
    write::framing(&mut out, head.framing());
    write::end(&mut out);
    (head, out)
}

fn sixteen_chunks() -> Vec<u8> {
    let mut wire = Vec::new();
    for _ in 0..16 {
        write::chunk_head(&mut wire, 1000);
        wire.extend_from_slice(&[b'x'; 1000]);
        wire.extend_from_slice(write::CHUNK_END);
    }
    write::last_chunk(&mut wire, b"");
    wire
}

#[library_benchmark]
#[bench::sixteen_chunks(setup = sixteen_chunks, config = at_most(6_480))]
fn decode_chunked(wire: Vec<u8>) -> (Vec<u8>, usize) {
    let mut decoder = BodyDecoder::new(Framing::Chunked, BodyLimits::default());
    let mut taken = 0;
    while let Ok(piece) = decoder.next(black_box(wire.get(taken..).unwrap_or_default())) {
        taken += black_box(piece).consumed;
        if piece.done {
            break;
        }
    }
    (wire, taken)
}

library_benchmark_group!(
    name = head,
    benchmarks = [parse_request, parse_request_in_two, parse_response, write_head, decode_chunked]
);

main!(library_benchmark_groups = head);
