//! Any bytes as a stream of the calculator's protocol, in one piece and in small ones: the same
//! lines come out, at most one for each line feed and one for the end, and each is a request or is
//! refused in words that make one line. And as a line from a server: what is read is written back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_calculator::protocol::{Answer, Line, Lines, Received, Request};
use tombolo_fuzz::choice;

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    let piece = usize::from(choice(&mut data) % 32) + 1;
    let whole = lines([data].into_iter());
    assert_eq!(lines(data.chunks(piece)), whole);
    let ends = data.iter().filter(|byte| **byte == b'\n').count();
    assert!(whole.len() == ends || whole.len() == ends + 1);
    for line in &whole {
        let Line::Text(text) = line else { continue };
        if let Err(refusal) = Request::parse(text) {
            assert!(!refusal.words.is_empty());
            one_line(&Answer::refused(refusal.code, refusal.words));
        }
        one_line(&Answer::ok(text.as_str()));
        if let Some(Received::Answer(answer)) = Received::parse(text) {
            one_line(&answer);
        }
    }
});

fn lines<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Line> {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for piece in pieces {
        lines.push(piece);
        found.extend(std::iter::from_fn(|| lines.next_line()));
    }
    found.extend(lines.end());
    found
}

/// What is written is one line, and reads as an answer.
fn one_line(answer: &Answer) {
    let mut out = Vec::new();
    answer.write(&mut out);
    let line = out.strip_suffix(b"\n").expect("a line ends");
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
    let text = std::str::from_utf8(line).expect("answers are UTF-8");
    assert!(matches!(Received::parse(text), Some(Received::Answer(_))));
}
