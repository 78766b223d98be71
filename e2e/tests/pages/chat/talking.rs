//! Two people talk, each by way of another replica.

use serde_json::json;
use tombolo_e2e::browser::{Look, keys};

use super::{Chat, live, shows, texts, via, write};

#[test]
fn two_people_at_different_replicas_share_one_conversation() {
    let chat = Chat::start();
    let ana = chat.enter(&Look::desk(), "lobby", "Ana");
    let eva = chat.enter(&Look::desk(), "lobby", "Eva");
    while via(&eva) == via(&ana) {
        eva.reload();
        live(&eva);
    }
    ana.wait_for_text("#people", "Eva");
    eva.wait_for_text("#people", "Ana");

    ana.wait_for("#text").type_in("Hola");
    eva.wait_for_text("#typing", "Ana is writing");
    ana.press(&keys::ENTER.to_string());
    eva.wait_for_text(".line .author", "Ana");
    eva.wait_for_none("#typing:not(:empty)");
    write(&eva, "Hello, Ana");
    for browser in [&ana, &eva] {
        shows(browser, &["Hola", "Hello, Ana"]);
        let replicas = browser.find_all("#lines .replica");
        assert!(replicas.iter().all(|one| one.text().starts_with("chat-")), "who took it?");
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

#[test]
fn lines_links_and_markup_are_shown_as_they_were_written() {
    let chat = Chat::start();
    let ana = chat.enter(&Look::desk(), "lobby", "Ana <b>");
    ana.wait_for("#text").type_in("first");
    ana.press_with(keys::SHIFT, keys::ENTER);
    ana.press(&format!("second{}", keys::ENTER));
    shows(&ana, &["first\nsecond"]);

    let evil =
        "<img src=x onerror=alert(1)> see (https://example.org/a?b=c&d), javascript:alert(1)";
    write(&ana, evil);
    shows(&ana, &["first\nsecond", evil]);
    let links = ana.find_all(".text a");
    assert_eq!(links.len(), 1, "only the address is a link");
    assert_eq!(links[0].attribute("href").as_deref(), Some("https://example.org/a?b=c&d"));
    assert!(links[0].attribute("rel").is_some_and(|rel| rel.contains("noopener")));
    assert!(ana.find_all(".text img, .author b").is_empty());
    assert_eq!(ana.wait_for(".author bdi").text(), "Ana <b>");
    assert_eq!(ana.complaints(), Vec::<String>::new());
}

#[test]
fn what_came_meanwhile_is_counted_and_marked() {
    let chat = Chat::start();
    for number in 0..60 {
        chat.say("lobby", "Eva", &format!("earlier {number}"));
    }
    let ana = chat.enter(&Look::desk(), "lobby", "Ana");
    ana.wait_for_text(".line", "earlier 59");
    ana.run("document.getElementById('scroll').scrollTop = 0", &[]);
    ana.wait_for("#newest");
    let top = ana.run("return document.getElementById('scroll').scrollTop", &[]);
    chat.say("lobby", "Eva", "one more");
    ana.wait_for_text("#newest", "1 new message");
    chat.say("lobby", "Eva", "and another");
    ana.wait_for_text("#newest", "2 new messages");
    assert_eq!(ana.title(), "(2) lobby · Tombolo chat");
    assert_eq!(ana.run("return document.getElementById('scroll').scrollTop", &[]), top);
    let after = "return document.querySelector('.unread').nextElementSibling.querySelector('.text').textContent";
    assert_eq!(ana.run(after, &[]), json!("one more"));
    ana.wait_for("#newest").click();
    ana.wait_for_none("#newest");
    ana.wait_until("the title", "return document.title === 'lobby · Tombolo chat'");
    assert_eq!(texts(&ana).len(), 62);
}
