//! Replicas and gateways die while people write.

use tombolo_e2e::browser::{Look, keys};
use tombolo_e2e::{Setup, Tombolo};

use super::{Chat, live, say, shows, via, write};

#[test]
fn a_replica_that_dies_in_mid_sentence_costs_nothing() {
    let mut chat = Chat::start();
    let ana = chat.enter(&Look::desk(), "lobby", "Ana");
    let eva = chat.enter(&Look::desk(), "lobby", "Eva");
    write(&ana, "before");
    shows(&eva, &["before"]);
    // Whoever saw "Connection lost" would have noticed.
    ana.run(
        "window.seen = []; const link = document.getElementById('link');
         new MutationObserver(() => seen.push(link.dataset.state))
             .observe(link, {attributes: true, attributeFilter: ['data-state']});",
        &[],
    );
    ana.wait_for("#text").type_in("half a ");
    let lost = via(&ana);
    let index = lost.trim_start_matches("chat-").parse::<usize>().unwrap() - 1;
    chat.replicas[index].kill();
    for number in 1..=5 {
        chat.say("lobby", "Eva", &format!("meanwhile {number}"));
    }
    ana.wait_until(
        "another replica",
        &format!("return !document.getElementById('via').textContent.includes('{lost}')"),
    );
    ana.press(&format!("sentence{}", keys::ENTER));
    let all = [
        "before",
        "meanwhile 1",
        "meanwhile 2",
        "meanwhile 3",
        "meanwhile 4",
        "meanwhile 5",
        "half a sentence",
    ];
    shows(&ana, &all);
    shows(&eva, &all);
    let seen = ana.run("return window.seen.includes('lost')", &[]);
    assert_eq!(seen, false, "moving to another replica was noticed");
}

#[test]
fn what_is_written_while_nobody_answers_is_sent_later_even_by_the_next_page() {
    let mut chat = Chat::start();
    let ana = chat.enter(&Look::desk(), "lobby", "Ana");
    write(&ana, "one");
    shows(&ana, &["one"]);
    let address = chat.gateway.address();
    chat.gateway.kill();
    ana.wait_for_text("#state", "Connection lost");
    write(&ana, "two");
    ana.wait_for_text(".line.late .fate", "Not sent yet");
    write(&ana, "three");
    ana.wait_for_text("#pending .line:last-child .fate", "Not sent yet");
    ana.go("about:blank");
    let servers = chat.replicas.iter().map(|replica| replica.address().to_string());
    let text = Setup::to_addresses(servers).text();
    chat.gateway = Tombolo::gateway(&text.replace("127.0.0.1:0", &address.to_string()));
    ana.go(&chat.page("lobby"));
    live(&ana);
    shows(&ana, &["one", "two", "three"]);
    say(address, "lobby", "Eva", "four");
    shows(&ana, &["one", "two", "three", "four"]);
}
