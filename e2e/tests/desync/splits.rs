//! Whatever the pieces in which bytes arrive, the messages are the same: random messages, cut at
//! random places, pipelined, in both directions, some large enough to take the gateway's short cuts
//! for large bodies.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use tombolo_e2e::{Chance, Origin, Response, Setup};

/// A message's body and how it goes over the wire.
struct Body {
    content: Vec<u8>,
    framing: String,
    wire: Vec<u8>,
    trailer: Option<String>,
}

fn body(chance: &mut Chance) -> Body {
    let length = match chance.below(8) {
        0 => 0,
        1..=4 => chance.below(300),
        5 | 6 => chance.below(40_000),
        _ => chance.below(900_000),
    };
    let content = chance.bytes(length);
    if chance.once_in(2) {
        let framing = format!("Content-Length: {length}\r\n");
        return Body { wire: content.clone(), content, framing, trailer: None };
    }
    let mut wire = Vec::new();
    let mut rest = &content[..];
    while !rest.is_empty() {
        let most = [40, 5000, 200_000][chance.below(3)];
        let size = (1 + chance.below(most)).min(rest.len());
        let extension = ["", ";a=b", ";q=\"x;y\"", ";"][chance.below(3)];
        let _ = match chance.below(3) {
            0 => write!(wire, "{size:X}{extension}\r\n"),
            1 => write!(wire, "00{size:x}{extension}\r\n"),
            _ => write!(wire, "{size:x}{extension}\r\n"),
        };
        wire.extend_from_slice(&rest[..size]);
        wire.extend_from_slice(b"\r\n");
        rest = &rest[size..];
    }
    let trailer = chance.once_in(3).then(|| format!("t{}", chance.below(1000)));
    let line = trailer.as_ref().map(|value| format!("X-Sum: {value}\r\n")).unwrap_or_default();
    let _ = write!(wire, "0\r\n{line}\r\n");
    Body { content, framing: "Transfer-Encoding: chunked\r\n".into(), wire, trailer }
}

/// Writes in random pieces; small ones at first, so that heads are cut, too.
fn write_in_pieces(chance: &mut Chance, bytes: &[u8], mut write: impl FnMut(&[u8]) -> bool) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let most = [2, 20, 300, 5000, 100_000][chance.below(5)];
        let size = (1 + chance.below(most)).min(rest.len());
        if !write(&rest[..size]) {
            return;
        }
        if chance.once_in(3) {
            std::thread::yield_now();
        }
        rest = &rest[size..];
    }
}

fn judge(n: usize, answer: &Response, expected: &Body) {
    assert_eq!(answer.status(), 200, "answer {n}");
    assert_eq!(answer.head.one("x-number"), Some(n.to_string().as_str()));
    assert!(answer.body == expected.content, "answer {n}: the body is another");
    let sum = answer.trailers.first().map(|(_, value)| value.as_str());
    assert_eq!(sum, expected.trailer.as_deref(), "answer {n}: trailers");
}

fn round(seed: u64) {
    const COUNT: usize = 25;
    let mut chance = Chance::from_seed(seed);
    let answers: Vec<_> = (0..COUNT).map(|_| body(&mut chance)).collect();
    let answers = Arc::new(answers);
    let (script, pieces) = (Arc::clone(&answers), Mutex::new(Chance::from_seed(seed ^ 1)));
    let origin = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            let n: usize = request.head.target()[1..].parse().expect("a number");
            let Body { framing, wire, .. } = &script[n];
            let head = format!("HTTP/1.1 200 OK\r\nX-Number: {n}\r\n{framing}\r\n");
            let bytes = [head.as_bytes(), wire].concat();
            let mut chance = pieces.lock().expect("no panic while held");
            write_in_pieces(&mut chance, &bytes, |piece| connection.write(piece).is_ok());
        }
    });
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let requests: Vec<_> = (0..COUNT).map(|_| body(&mut chance)).collect();
    let mut stream = Vec::new();
    for (n, Body { framing, wire, .. }) in requests.iter().enumerate() {
        let te = "Connection: TE\r\nTE: trailers\r\n";
        let _ = write!(stream, "PUT /{n} HTTP/1.1\r\nHost: x\r\n{te}{framing}\r\n");
        stream.extend_from_slice(wire);
    }
    let mut writer = client.wire.stream().try_clone().expect("a second handle");
    let writing = std::thread::spawn(move || {
        write_in_pieces(&mut chance, &stream, |piece| writer.write_all(piece).is_ok());
    });
    for (n, expected) in answers.iter().enumerate() {
        let answer = client.read_response().unwrap_or_else(|e| panic!("answer {n}: {e:?}"));
        judge(n, &answer, expected);
    }
    writing.join().expect("the writer");
    gateway.kill();
    origin.settled();
    let got = origin.requests();
    assert_eq!(got.len(), COUNT);
    for (n, (got, sent)) in got.iter().zip(&requests).enumerate() {
        assert_eq!(got.head.target(), format!("/{n}"));
        assert!(got.body == sent.content, "request {n}: the body is another");
        let sum = got.trailers.first().map(|(_, value)| value.as_str());
        assert_eq!(sum, sent.trailer.as_deref(), "request {n}: trailers");
    }
}

#[test]
fn any_cut_gives_the_same_messages() {
    let mut seeds = Chance::new();
    for _ in 0..8 {
        let seed = seeds.below(usize::MAX) as u64;
        println!("round with {seed}");
        round(seed);
    }
}
