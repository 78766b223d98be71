//! The examples of the protocol's document are what happens, and its table of errors is whole.

use tombolo_e2e::{Foreign, Tombolo};

use crate::replica::{Talk, replica};

const DOCUMENT: &str = include_str!("../../../docs/protocols/calculator.md");

/// The document's code blocks without a language.
fn blocks() -> Vec<&'static str> {
    let fenced = DOCUMENT.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix('\n')).collect()
}

/// Runs a block of `> request` and `< answer` on a connection of its own; how many there were.
fn converse(replica: &Tombolo, block: &str) -> usize {
    let mut talk = Talk::to(replica.address());
    let lines: Vec<&str> = block.lines().collect();
    for pair in lines.chunks(2) {
        let [request, answer] = pair else { panic!("{pair:?} is no exchange") };
        let request = request.strip_prefix('>').expect("a request").trim_start();
        let answer = answer.strip_prefix("< ").expect("an answer");
        assert_eq!(talk.ask(request), answer.replace('⇥', "\t"), "{request}");
    }
    lines.len() / 2
}

#[test]
fn every_example_of_the_document_is_answered_as_it_says() {
    let replica = replica("calculator-1");
    let talks = blocks().into_iter().filter(|block| block.starts_with('>'));
    let exchanges: usize = talks.map(|block| converse(&replica, block)).sum();
    assert!(exchanges > 18, "only {exchanges} examples were found");
}

#[test]
fn netcat_gets_what_the_document_shows() {
    let replica = replica("calculator-1");
    let shown = blocks().into_iter().find(|block| block.starts_with("$ printf")).expect("it");
    let (command, answers) = shown.split_once('\n').unwrap();
    let (script, _) = command.strip_prefix("$ ").unwrap().split_once(" | nc ").unwrap();
    let lines = Foreign::program("sh", "dash").args(["-c", script]).run().succeeded();
    let port = replica.address().port().to_string();
    let netcat = Foreign::program("nc", "netcat-openbsd").args(["-N", "127.0.0.1", &port]);
    assert_eq!(netcat.input(lines).run().succeeded().trim_end(), answers);
}

#[test]
fn netcat_may_send_ten_thousand_requests_at_once() {
    let replica = replica("calculator-1");
    let port = replica.address().port().to_string();
    let asked: String = (0..10_000).map(|n| format!("EVAL {n} * {n} + 1\r\n")).collect();
    let expected: String = (0..10_000_u64).map(|n| format!("OK {}\n", n * n + 1)).collect();
    let netcat = Foreign::program("nc", "netcat-openbsd").args(["-N", "127.0.0.1", &port]);
    assert!(netcat.input(asked).run().succeeded() == expected, "answers are missing or mixed up");
}

#[test]
fn every_error_of_the_table_comes_when_it_says() {
    let replica = replica("calculator-1");
    let mut talk = Talk::to(replica.address());
    let rows = DOCUMENT.lines().skip_while(|line| !line.starts_with("| code |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let codes: Vec<&str> = rows.map(|row| row.split('`').nth(1).expect("a code")).collect();
    assert!(codes.len() >= 10, "{codes:?}");
    for code in codes {
        let request: Vec<u8> = match code {
            "syntax" => b"EVAL 1 +".to_vec(),
            "unknown-command" => b"SOLVE x".to_vec(),
            "unknown-name" => b"EVAL nobody".to_vec(),
            "domain" => b"EVAL 5 m to s".to_vec(),
            "too-long" => vec![b'9'; 100_000],
            "too-large" => b"EVAL 10^17000 to exact".to_vec(),
            "timeout" => b"EVAL 9^9^9".to_vec(),
            "encoding" => b"EVAL \xff\xfe".to_vec(),
            // The one ends a connection, the other needs thousands of evaluations: see below and
            // the tests of the pool.
            "incomplete" | "busy" => continue,
            new => panic!("no test for {new}"),
        };
        talk.send([request.as_slice(), b"\n"].concat());
        let answer = talk.line().expect("an answer");
        assert!(answer.starts_with(&format!("ERR {code} ")), "{code}: {answer}");
        assert_eq!(talk.ask("EVAL 1+1"), "OK 2", "after {code}");
    }
    talk.send("EVAL 1\nEVAL 2");
    let lines = talk.finish();
    assert!(lines[0] == "OK 1" && lines[1].starts_with("ERR incomplete "), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn replicas_tell_who_they_are_and_variables_belong_to_connections() {
    let replica = replica("calculator-7");
    let (mut one, mut other) = (Talk::to(replica.address()), Talk::to(replica.address()));
    assert_eq!(one.ask("WHO"), "OK calculator-7");
    assert_eq!(one.ask("LET x = 5 km"), "OK 5 km");
    assert_eq!(other.ask("LET x = 3"), "OK 3");
    assert_eq!(one.ask("EVAL x / 2"), "OK 2.5 km");
    assert_eq!(other.ask("VARS"), "OK x = 3");
}
