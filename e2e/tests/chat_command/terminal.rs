//! A person at a terminal.

use std::path::Path;

use tombolo_e2e::{Setup, Terminal, Tombolo, eventually};

use crate::{Chat, chat, say, texts};

fn talk(chat: &Chat, state: &Path) -> Terminal {
    let arguments = format!("chat lobby --name Ana --server {}", chat.gateway.url(""));
    Terminal::start(&arguments, state, "1")
}

#[test]
fn people_talk_while_others_do() {
    let chat = chat();
    let state = tempfile::tempdir().unwrap();
    let gateway = chat.gateway.address();
    say(gateway, "before");
    let mut ana = talk(&chat, state.path());
    eventually("the history and a prompt", || {
        let screen = ana.screen();
        (screen.contains("Eva: before") && screen.contains("Ana> ")).then_some(())
    });
    ana.keys("half a ");
    say(gateway, "in between\nsecond line");
    // The line that is being typed stands below what came.
    eventually("the line again", || {
        let screen = ana.screen();
        let (_, after) = screen.split_once("Eva: in between")?;
        (after.contains("      second line") && after.contains("Ana> half a")).then_some(())
    });
    ana.keys("sentence\r");
    eventually("the sentence", || (texts(gateway).len() == 3).then_some(()));
    assert_eq!(texts(gateway)[2], "half a sentence");
    ana.keys("/who\r");
    ana.shows("here: Ana");
    ana.keys("/nothing\r");
    ana.shows("there is no /nothing");
    ana.keys("//slash\r");
    eventually("a slash", || (texts(gateway).last()? == "/slash").then_some(()));
    say(gateway, "last");
    eventually("the last", || ana.screen().contains("Eva: last").then_some(()));
    assert!(!ana.screen().contains("Ana: /slash"), "what was typed here is not shown twice");
    ana.keys("/quit\r");
    assert_eq!(ana.wait_for_exit(), Some(0));
}

#[test]
fn a_lost_gateway_is_told_of_and_costs_nothing() {
    let mut chat = chat();
    let state = tempfile::tempdir().unwrap();
    let address = chat.gateway.address();
    let mut ana = talk(&chat, state.path());
    ana.shows("Ana> ");
    ana.keys("one\r");
    eventually("the first", || (texts(address).len() == 1).then_some(()));
    chat.gateway.kill();
    ana.shows("lost the connection");
    ana.keys("two\r");
    ana.shows("not sent yet");
    say(chat.replicas[0].address(), "meanwhile");
    let servers = chat.replicas.iter().map(|replica| replica.address().to_string());
    let text = Setup::to_addresses(servers).text();
    chat.gateway = Tombolo::gateway(&text.replace("127.0.0.1:0", &address.to_string()));
    ana.shows("Eva: meanwhile");
    eventually("all", || (texts(address).len() == 3).then_some(()));
    assert_eq!(texts(address), ["one", "meanwhile", "two"]);
    ana.keys("\u{4}");
    assert_eq!(ana.wait_for_exit(), Some(0));
}
