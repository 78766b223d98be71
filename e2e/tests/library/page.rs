//! The page in a real browser: an upload that goes on after a reload in its middle or on another device,
//! what is there already, statistics, a password that is changed, and how all of it looks.

use serde_json::json;
use tombolo_e2e::browser::{Browser, Look};

use crate::cluster::{Cluster, PASSWORD, ask};
use crate::noise;

const LENGTH: usize = 24 * 1024 * 1024;

/// Bytes a second that the browser sends.
fn send_at(browser: &Browser, rate: i64) {
    let conditions = json!({
        "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate,
    });
    browser.chromium("Network.enable", &json!({}));
    browser.chromium("Network.emulateNetworkConditions", &conditions);
}

/// A browser with the page, in which this user is logged in, and the page's address.
fn logged_in(cluster: &Cluster, look: &Look, email: &str) -> (Browser, String) {
    let page = format!("http://{}/library/", cluster.gateway.address());
    let browser = Browser::open(look);
    browser.go(&format!("{page}#account"));
    browser.wait_for("#email").type_in(email);
    browser.wait_for("#password").type_in(PASSWORD);
    browser.wait_for("#enter-button").click();
    browser.wait_until("to be logged in", "return !document.querySelector('#drop').hidden");
    browser.wait_until("the items", "return !document.querySelector('#items').hidden");
    // That nobody was logged in before, the page was told by a 401.
    let _ = browser.complaints();
    (browser, page)
}

#[test]
fn an_upload_goes_on_after_a_reload_in_its_middle() {
    let cluster = Cluster::start();
    let token = cluster.token();
    let path = cluster.folder.path().join("film.bin");
    let content = noise(LENGTH);
    std::fs::write(&path, &content).unwrap();
    let (browser, page) = logged_in(&cluster, &Look::desk(), "ana@example.org");
    browser.go(&format!("{page}#items"));
    send_at(&browser, 2_000_000);
    browser.wait_until("the page", "return !document.querySelector('#drop').hidden");
    browser.find("#files").unwrap().type_in(path.to_str().unwrap());
    let stored = "return document.querySelector('#uploads .committed')?.value > 0";
    browser.wait_until("a part to be stored", stored);
    browser.picture("library-upload");
    browser.judge_accessibility("an upload under way");

    browser.reload();
    browser.wait_for_text("#uploads", "choose this file again");
    browser.find("#files").unwrap().type_in(path.to_str().unwrap());
    browser.wait_until("more to be stored", stored);
    drop(browser);

    // Another device has the same file, by another name and of another day.
    let copy = cluster.folder.path().join("copy.bin");
    std::fs::write(&copy, &content).unwrap();
    let (browser, _) = logged_in(&cluster, &Look::phone(), "ana@example.org");
    browser.wait_for_text("#uploads", "film.bin");
    browser.find("#files").unwrap().type_in(copy.to_str().unwrap());
    browser.wait_for_text("#uploads", "complete");
    browser.wait_for_text("#list", "film.bin");

    assert!(cluster.newest(&token) == content, "other bytes than were sent");
    let bearer = format!("Bearer {token}");
    let fields = [("Authorization", bearer.as_str())];
    let gateway = cluster.gateway.address();
    let list = ask(gateway, "GET", "/library/api/transfers", &fields, b"").json();
    let items = list["items"].as_array().unwrap();
    let uploads = items.iter().filter(|one| one["direction"] == "upload").count();
    assert_eq!(uploads, 1, "it went on and did not begin again: {list:#}");

    // Whoever changes the password stays; every other session of theirs is over.
    browser.go(&format!("{page}#account"));
    browser.wait_for("#old-password").type_in(PASSWORD);
    browser.wait_for("#new-password").type_in("another horse battery");
    browser.find("#change button").unwrap().click();
    browser.wait_for_text("#changed", "is changed");
    browser.picture("library-account");
    browser.judge_accessibility("a changed password");
    assert_eq!(ask(gateway, "GET", "/library/api/users/me", &fields, b"").status, 401);
    browser.go(&format!("{page}#items"));
    browser.wait_for_text("#list", "film.bin");
}

/// Shows a view and waits until it is there.
fn show(browser: &Browser, page: &str, view: &str) {
    browser.go(&format!("{page}#{view}"));
    let shown = format!("return !document.querySelector('main > #{view}').hidden");
    browser.wait_until(view, &shown);
}

#[test]
fn what_is_there_is_found_by_its_digest_and_others_private_things_are_not() {
    let cluster = Cluster::start();
    let token = cluster.token();
    cluster.admin();
    let path = cluster.folder.path().join("film.bin");
    // Longer than a piece, and no multiple of a block.
    std::fs::write(&path, noise(9_000_001)).unwrap();
    let bearer = format!("Bearer {token}");
    let fields = [
        ("Authorization", bearer.as_str()),
        ("Content-Disposition", "attachment; filename=\"of Ana.bin\""),
        ("Upload-Complete", "?1"),
    ];
    let gateway = cluster.gateway.address();
    let sent = ask(gateway, "POST", "/library/api/uploads", &fields, &noise(9_000_001));
    assert_eq!(sent.status, 201, "{sent:?}");
    let looked_up = |browser: &Browser| {
        browser.run("document.querySelector('#drop details').open = true", &[]);
        browser.find("#there-files").unwrap().type_in(path.to_str().unwrap());
    };
    let (ana, page) = logged_in(&cluster, &Look::desk(), "ana@example.org");
    looked_up(&ana);
    ana.wait_for_text("#there-list", "of Ana.bin");
    ana.picture("library-there");
    ana.judge_accessibility("what is there already");

    show(&ana, &page, "statistics");
    let drawn = "const all = [...document.querySelectorAll('#charts img')];\
                 return all.length === 3 && all.every((one) => one.complete && one.naturalWidth > 0)";
    ana.wait_until("three charts", drawn);
    ana.wait_for_text("#numbers", "9 MB");
    ana.judge_accessibility("the statistics");
    assert_eq!(ana.complaints(), Vec::<String>::new());
    drop(ana);

    let other = r#"{"email":"ben@example.org","name":"Ben","password":"correct horse battery"}"#;
    let kind = [("Content-Type", "application/json")];
    let made = ask(gateway, "POST", "/library/api/users", &kind, other.as_bytes());
    assert_eq!(made.status, 201, "{made:?}");
    let (ben, _) = logged_in(&cluster, &Look::desk(), "ben@example.org");
    looked_up(&ben);
    ben.wait_for_text("#there-list", "not there, or not for you");
}

/// Pictures of each view, to be looked at, and a judgement of each.
#[test]
fn every_view_is_accessible_in_the_dark_on_a_phone_and_in_spanish() {
    let cluster = Cluster::start();
    let token = cluster.token();
    cluster.admin();
    let bearer = format!("Bearer {token}");
    let fields = [("Authorization", bearer.as_str())];
    let gateway = cluster.gateway.address();
    ask(gateway, "POST", "/library/api/uploads", &fields, &noise(1_000_000));
    for (name, look) in
        [("dark", Look::desk().dark()), ("phone", Look::phone().spanish()), ("desk", Look::desk())]
    {
        let (browser, page) = logged_in(&cluster, &look, "root@example.org");
        for view in ["items", "transfers", "statistics", "plans", "admin", "account"] {
            show(&browser, &page, view);
            let settled = "return [...document.images].every((one) => one.complete)";
            browser.wait_until("pictures", settled);
            browser.picture(&format!("library-{view}-{name}"));
            browser.judge_accessibility(&format!("{view}, {name}"));
        }
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
    }
}
