//! Reading back: earlier messages come as one scrolls, and what one reads stays in sight.

use tombolo_e2e::browser::{Look, keys};

use super::{Chat, texts};

#[test]
fn scrolling_up_loads_the_whole_history() {
    let chat = Chat::start();
    for number in 1..=250 {
        chat.say("lobby", "Eva", &format!("message {number}"));
    }
    let ana = chat.enter(&Look::desk(), "lobby", "Ana");
    ana.wait_for_text(".line", "message 250");
    assert_eq!(texts(&ana).len(), 100);
    ana.wait_for("#earlier");
    // Where a line is on the screen before and after the history above it has come.
    let place = "const line = [...document.querySelectorAll('.line')].find((one) =>
            one.querySelector('.text').textContent === 'message 152');
        return Math.round(line.getBoundingClientRect().top)";
    ana.run("document.getElementById('scroll').scrollTop = 40", &[]);
    let before = ana.run(place, &[]).as_i64().unwrap();
    ana.wait_until("earlier messages", "return document.querySelectorAll('.line').length > 100");
    let after = ana.run(place, &[]).as_i64().unwrap();
    assert!((before - after).abs() < 80, "what one reads jumped from {before} to {after}");
    ana.run("document.getElementById('scroll').focus()", &[]);
    ana.press(&keys::HOME.to_string());
    ana.wait_until("all of it", "return document.querySelectorAll('.line').length === 250");
    ana.press(&keys::HOME.to_string());
    ana.wait_for_text("#edge", "This is where lobby begins.");
    ana.wait_for_text(".day", "Today");
    let expected: Vec<String> = (1..=250).map(|number| format!("message {number}")).collect();
    assert_eq!(texts(&ana), expected);
}

#[test]
fn other_rooms_are_listed_and_can_be_entered() {
    let chat = Chat::start();
    chat.say("caf%C3%A9", "Eva", "en el café");
    let ana = chat.enter(&Look::desk(), "lobby", "Ana");
    ana.wait_for_text("#edge", "Nobody has written here yet");
    ana.wait_for_text("#rooms a", "café").click();
    ana.wait_for_text(".line", "en el café");
    ana.wait_until("the title", "return document.title === 'café · Tombolo chat'");
    ana.run("history.back()", &[]);
    ana.wait_for_text("#title", "lobby");
    ana.wait_for_text("#edge", "Nobody has written here yet");
}
