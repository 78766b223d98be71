//! The page in a real browser: an upload that goes on after a reload in its middle.

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

#[test]
fn an_upload_goes_on_after_a_reload_in_its_middle() {
    let cluster = Cluster::start();
    let token = cluster.token();
    let path = cluster.folder.path().join("film.bin");
    let content = noise(LENGTH);
    std::fs::write(&path, &content).unwrap();
    let page = format!("http://{}/library/", cluster.gateway.address());

    let browser = Browser::open(&Look::desk());
    browser.go(&format!("{page}#account"));
    browser.wait_for("#email").type_in("ana@example.org");
    browser.wait_for("#password").type_in(PASSWORD);
    browser.wait_for("#enter-button").click();
    browser.wait_until("to be logged in", "return !document.querySelector('#drop').hidden");
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
    send_at(&browser, -1);
    browser.find("#files").unwrap().type_in(path.to_str().unwrap());
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
}
