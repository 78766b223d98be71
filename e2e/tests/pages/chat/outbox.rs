//! What is sent without a connection, and what the service refuses.

use tombolo_e2e::browser::Look;

use super::{Chat, shows, write};

#[test]
fn without_a_network_messages_wait_and_keep_their_order() {
    let chat = Chat::start();
    let ana = chat.enter(&Look::phone(), "lobby", "Ana");
    ana.set_offline(true);
    for text in ["one", "two", "three"] {
        write(&ana, text);
    }
    ana.wait_for_text("#pending .line:last-child .fate", "Not sent yet");
    ana.wait_for("#link[data-state=lost]");
    chat.say("lobby", "Eva", "meanwhile");
    ana.set_offline(false);
    shows(&ana, &["meanwhile", "one", "two", "three"]);
    ana.wait_for("#link[data-state=open]");
}

#[test]
fn what_is_refused_says_why_and_can_be_discarded() {
    let chat = Chat::start();
    let ana = chat.enter(&Look::desk().spanish(), "lobby", "Ana");
    ana.run(
        "const field = document.getElementById('text');
         field.value = 'bell \\u0007';
         document.getElementById('say').requestSubmit();",
        &[],
    );
    ana.wait_for_text(".line.failed .fate", "ningún carácter de control");
    write(&ana, "sin campana");
    ana.wait_for_text("#lines .line", "sin campana");
    ana.wait_for(".fate .retry").click();
    ana.wait_for_text(".line.failed .fate", "ningún carácter de control");
    ana.wait_for(".fate .discard").click();
    shows(&ana, &["sin campana"]);
}
