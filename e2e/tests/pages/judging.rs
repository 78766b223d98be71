//! The judge of accessibility judges: a page with a known mistake does not pass.

use tombolo_e2e::browser::{Browser, Look};

#[test]
#[should_panic(expected = "image-alt")]
fn a_picture_without_words_is_found() {
    let browser = Browser::open(&Look::desk());
    browser.go("data:text/html,<html lang=en><title>x</title><main><h1>x</h1><img src=y></main>");
    browser.judge_accessibility("a page with a mistake");
}
