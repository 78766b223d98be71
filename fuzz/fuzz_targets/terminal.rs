//! Any bytes as what a peer or another process wrote: nothing that a terminal acts on comes through,
//! and JSON keeps its meaning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_daemon::terminal::{Escaped, json, line, lines, push_line, steers};

fuzz_target!(|data: &[u8]| {
    let mut out = Vec::new();
    push_line(&mut out, data);
    let passed = String::from_utf8(out).expect("what is passed on is text");
    assert!(!passed.chars().any(|one| one != '\t' && steers(one)));
    let text = String::from_utf8_lossy(data);
    assert!(!line(&text).chars().any(steers));
    assert!(!lines(&text).chars().any(|one| !matches!(one, '\n' | '\t') && steers(one)));
    assert!(!Escaped(&text).to_string().chars().any(steers));
    let written = serde_json::Value::from(text.as_ref()).to_string();
    let safe = json(&written);
    assert!(!safe.chars().any(steers));
    assert_eq!(serde_json::from_str::<String>(&safe).expect("JSON"), text);
});
