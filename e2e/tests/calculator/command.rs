//! `tombolo calc` as a person and a script use it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use tombolo_e2e::{Finished, Tombolo};

use crate::replica::replica;

fn calc(replica: &Tombolo, arguments: &[&str], input: &str) -> Finished {
    let server = replica.address().to_string();
    let command = Tombolo::program().args(["calc", "--server", &server]).args(arguments);
    command.input(input).run()
}

#[test]
fn one_expression_one_result() {
    let replica = replica("calculator-1");
    assert_eq!(calc(&replica, &["2+3*4"], "").succeeded(), "14\n");
    assert_eq!(calc(&replica, &["5", "km", "to", "m"], "").succeeded(), "5000 m\n");
    assert_eq!(calc(&replica, &["who"], "").succeeded(), "calculator-1\n");
    let json = calc(&replica, &["--json", "1/3"], "").succeeded();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["ok"], true);
    assert_eq!(json["answer"], "approx. 0.3333333333");
}

#[test]
fn a_refusal_is_a_failure_that_says_why() {
    let replica = replica("calculator-1");
    let refused = calc(&replica, &["1/0"], "");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert_eq!(refused.stderr, "tombolo: division by zero (domain)\n");
    let json = calc(&replica, &["--json", "1/0"], "");
    assert_eq!(json.code, Some(1));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["ok"], &json["code"]), (&false.into(), &"domain".into()));
}

#[test]
fn piped_lines_have_a_line_each() {
    let replica = replica("calculator-1");
    let piped = calc(&replica, &[], "# sums\nx = 5\n\nx^2\n1/0\nvars\nquit\n7\n");
    assert_eq!(piped.stdout, "5\n25\nERR domain division by zero\nx = 5\nbye\n");
    assert_eq!((piped.code, piped.stderr.as_str()), (Some(1), ""));
    assert_eq!(calc(&replica, &[], "1+1\n2+2").succeeded(), "2\n4\n");
    assert_eq!(calc(&replica, &[], "").succeeded(), "");
}

#[test]
fn a_server_cannot_steer_the_terminal() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers = ["OK 2\x1b]0;PWNED\x07\u{9b}2J\u{202e}\n", "ERR domain \x1b[2J\u{202e}\n"];
    std::thread::spawn(move || {
        for answer in answers.into_iter().cycle() {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    for (arguments, input) in [(&["1+1"][..], ""), (&["--json", "1+1"], ""), (&[], "1+1\n")] {
        for _ in answers {
            let command = Tombolo::program().args(["calc", "--server", &address]);
            let shown = command.args(arguments).input(input).run();
            let text = shown.stdout + &shown.stderr;
            assert!(text.contains("2J") || text.contains("PWNED"), "{text:?}");
            assert!(!text.contains(['\x1b', '\x07', '\u{9b}', '\u{202e}']), "{text:?}");
        }
    }
}

#[test]
fn nobody_there_and_strangers_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    let stranger = std::thread::spawn(move || {
        let (mut stream, _) = free.accept().unwrap();
        stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
        free
    });
    let asked = || Tombolo::program().args(["calc", "--server", &address, "1+1"]).run();
    let refused = asked();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("220 mail.example ESMTP"), "{}", refused.stderr);
    drop(stranger.join().unwrap());
    let refused = asked();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("tombolo serve calculator"), "{}", refused.stderr);
    let usage = Tombolo::program().args(["calc", "--server", "nowhere", "1"]).run();
    assert_eq!(usage.code, Some(2));
    assert!(usage.stderr.contains("the port is missing"), "{}", usage.stderr);
}
