//! Programs at the other end.

use serde_json::Value;
use tombolo_e2e::{Finished, Tombolo};

use crate::{chat, say, texts};

fn run(arguments: &[&str], input: &str) -> Finished {
    Tombolo::program().args([&["chat"], arguments].concat()).input(input).run()
}

#[test]
fn lines_become_messages_and_the_command_ends_once_they_are_stored() {
    let chat = chat();
    let server = chat.gateway.url("");
    let lines: String = (1..=200).map(|number| format!("line {number}\n")).collect();
    let done = run(&["lobby", "--server", &server, "--name", "bot"], &(lines + "\n  \nend"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let texts = texts(chat.gateway.address());
    assert_eq!(texts.last().map(String::as_str), Some("end"));
    // The latest hundred of 201.
    assert_eq!(texts.first().map(String::as_str), Some("line 102"));

    let listed =
        run(&["lobby", "--server", &server, "--name", "x", "--json", "--history", "3"], "");
    let texts: Vec<Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((listed.code, texts.len()), (Some(0), 3), "{}", listed.stderr);
    assert_eq!((&texts[2]["text"], &texts[2]["seq"]), (&"end".into(), &201.into()));
}

#[test]
fn following_goes_on_at_another_replica() {
    let mut chat = chat();
    let server = chat.gateway.url("");
    let follower =
        Tombolo::start(&["chat", "lobby", "--server", &server, "--name", "f", "--follow"]);
    say(chat.gateway.address(), "one");
    follower.stdout().wait_for_text("Eva: one");
    // Each in turn, so that it is the follower's too.
    for index in 0..2 {
        chat.replicas[index].kill();
    }
    say(chat.gateway.address(), "two");
    follower.stdout().wait_for_text("Eva: two");
    let count = |text: &str| follower.stdout().text().matches(text).count();
    assert_eq!((count("Eva: one"), count("Eva: two")), (1, 1));
}

#[test]
fn mistakes_are_told_with_the_next_step() {
    let chat = chat();
    let server = chat.gateway.url("");
    for (arguments, code, words) in [
        (vec!["a b", "--name", "x"], 2, "choose letters, digits"),
        (vec!["lobby", "--name", " "], 2, "--name:"),
        (vec!["lobby", "--server", "https://a"], 2, "TLS is not in this version yet"),
        (vec!["lobby", "--name", "x", "--server", "127.0.0.1:1"], 1, "tombolo up"),
    ] {
        let done = run(&arguments, "");
        assert_eq!(done.code, Some(code), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains(words), "{arguments:?}: {}", done.stderr);
    }
    let refused =
        run(&["lobby", "--server", &server, "--name", "x"], "fine\nbell \u{7}\nfine too\n");
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("not sent: The text holds the control"), "{}", refused.stderr);
    assert_eq!(texts(chat.gateway.address()), ["fine", "fine too"]);
}
