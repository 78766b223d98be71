//! How the page looks, kept as pictures, and whether everybody can use it.

use tombolo_e2e::browser::{Browser, Look, keys};

use super::{Chat, live, write};

/// A conversation as people have them.
fn conversation(chat: &Chat) {
    for (author, text) in [
        ("Eva", "Good morning! The tide tables for March are in."),
        ("Eva", "https://example.org/tides/2027-03 has them, with the new harbour."),
        ("João", "Thanks. Does the bar still dry out at springs?"),
        ("Ana", "It did on Tuesday.\nI walked over at half past six and was back by eight."),
        ("Eva", "Then the ferry can wait ⛵"),
        ("李雷", "我们星期五去，好吗？"),
        (
            "João",
            "Friday it is: bring boots, a rope, and somebody who can read the lights. \
                  averyveryverylongwordthatnobodywouldeverwritebutthatmustnotbreakthepageinanyway",
        ),
        ("Ana", "See you on the sand."),
    ] {
        chat.say("lobby", author, text);
    }
    chat.say("harbour", "Eva", "hello");
    chat.say("faros-y-mareas", "Eva", "hola");
}

fn look_at(chat: &Chat, look: &Look, name: &str) -> Browser {
    let browser = chat.enter(look, "lobby", "Ana");
    browser.wait_for_text(".line", "See you on the sand.");
    browser.wait_until("all rooms", "return document.querySelectorAll('#rooms a').length === 3");
    browser.wait_until("somebody", "return document.querySelectorAll('#people li').length > 0");
    browser.picture(&format!("chat-{name}"));
    browser.judge_accessibility(name);
    let width = "return document.documentElement.scrollWidth <= window.innerWidth";
    assert_eq!(browser.run(width, &[]), true, "{name}: wider than the window");
    assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
    browser
}

#[test]
fn on_a_desk_by_day_and_in_the_dark() {
    let chat = Chat::start();
    conversation(&chat);
    look_at(&chat, &Look::desk(), "desk");
    look_at(&chat, &Look::desk().dark().spanish(), "desk-dark-es");
}

#[test]
fn on_a_phone_by_day_and_in_the_dark() {
    let chat = Chat::start();
    conversation(&chat);
    let phone = look_at(&chat, &Look::phone().spanish(), "phone-es");
    assert_eq!(phone.run("return document.documentElement.lang", &[]), "es");
    phone.wait_for("#open-panel").click();
    phone.wait_for_text("#panel", "faros-y-mareas");
    phone.picture("chat-phone-panel-es");
    phone.judge_accessibility("the panel on a phone");
    phone.press(&keys::ESCAPE.to_string());
    phone.wait_for_none("#panel");
    look_at(&chat, &Look::phone().dark(), "phone-dark");
}

#[test]
fn who_comes_first_and_who_loses_the_connection() {
    let chat = Chat::start();
    conversation(&chat);
    let browser = Browser::open(&Look::desk());
    browser.go(&chat.page("lobby"));
    browser.wait_for("#enter #name");
    browser.wait_for_text(".line", "See you on the sand.");
    browser.picture("chat-enter");
    browser.judge_accessibility("the dialog");
    // By keyboard alone.
    browser.press(&format!("Ana{}", keys::ENTER));
    browser.wait_for_none("#enter");
    live(&browser);
    browser.run("document.getElementById('scroll').scrollTop = 0", &[]);
    browser.set_offline(true);
    write(&browser, "Is anybody there?");
    browser.wait_for_text(".fate", "Not sent yet");
    browser.wait_for("#link[data-state=lost]");
    browser.picture("chat-lost");
    browser.judge_accessibility("without a connection");
}
