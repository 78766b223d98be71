//! A real browser shows the landing page through the gateway. The picture is kept to look at.

use crate::kept;
use crate::site::{Site, site};
use std::fs;
use tombolo_e2e::Foreign;

/// Runs the browser headless, with a profile of its own and without calls of its own.
fn chromium(arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    Foreign::program("chromium", "chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .run()
        .succeeded()
}

/// What the page is made of was asked for through the gateway, and served.
fn served_wholly(site: &Site) {
    for target in ["/", "/style.css", "/script.js"] {
        let record = site.gateway.wait_for_record(target, |record| {
            record["target"].as_str().is_some_and(|t| t.split('?').next() == Some(target))
        });
        assert_eq!(record["status"], 200, "{record}");
        assert!(record["user_agent"].as_str().is_some_and(|agent| agent.contains("Chrome")));
    }
}

#[test]
fn the_landing_page_names_its_replica() {
    let site = site(None);
    let page = chromium(&["--dump-dom", &site.gateway.url("/")]);
    assert!(page.contains("Tombolo"), "{page}");
    assert!((1..=3).any(|n| page.contains(&format!("site-{n}"))), "{page}");
    served_wholly(&site);
}

#[test]
fn the_landing_page_can_be_looked_at() {
    let site = site(None);
    fs::create_dir_all(kept()).expect("writable");
    let picture = kept().join("landing.png");
    // Of an earlier run; there may be none.
    let _ = fs::remove_file(&picture);
    chromium(&[&format!("--screenshot={}", picture.display()), &site.gateway.url("/")]);
    let bytes = fs::read(&picture).expect("the picture");
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    let size = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((size(16), size(20)), (1280, 900));
    assert!(bytes.len() > 10_000, "an empty page: {} bytes", bytes.len());
    served_wholly(&site);
}
