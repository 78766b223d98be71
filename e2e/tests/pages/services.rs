//! The console page over `tombolo up`: replicas, and what an operator does to them by clicking.

use std::net::SocketAddr;

use tombolo_e2e::Tombolo;
use tombolo_e2e::browser::{Browser, Look};

/// Two replicas of the site under `tombolo up`; where the console is.
fn up() -> (Tombolo, SocketAddr) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("public")).unwrap();
    std::fs::write(folder.path().join("public/index.html"), "the page").unwrap();
    // Below the ports that the system gives out by itself; two tests have different numbers.
    let listen = 30_000 + std::process::id() % 300 * 8;
    let text = format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n[access_log]\n\
         [[service]]\nname = \"site\"\nroot = \"public\"\nreplicas = 2\n\
         listen = \"127.0.0.1:{listen}\"\n"
    );
    std::fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let file = folder.path().join("tombolo-data/run/gateway.toml");
    let up = Tombolo::start_in(folder, &["up", "-c", "tombolo.toml"]).ended_gently();
    up.stderr().wait_for_text("all of it is ready");
    let told = std::fs::read_to_string(file).unwrap();
    let admin = told.lines().find_map(|line| line.strip_prefix("admin = ")).unwrap();
    (up, admin.trim_matches('"').parse().unwrap())
}

#[test]
fn replicas_are_shown_scaled_and_restarted() {
    let (up, console) = up();
    let browser = Browser::open(&Look::desk());
    browser.go(&format!("http://{console}/"));
    browser.wait_for_text("#services", "site-2");
    let pid = "return [...document.querySelectorAll('#services tbody tr')]\
               .find((row) => row.textContent.includes('site-1'))?.children[1].textContent";
    let first = browser.wait_until("a process number", pid);
    browser.wait_for("#services button[data-key='scale site']").click();
    let field = browser.wait_for("#confirm-number");
    field.clear();
    field.type_in("3");
    browser.wait_for("#confirm-yes").click();
    browser.wait_for_text("#services", "site-3");
    browser.wait_for("#services button[data-key='restart site-1']").click();
    browser.wait_for("#confirm-yes").click();
    let script =
        format!("const now = (() => {{ {pid} }})(); return now && now !== '–' && now !== {first}");
    browser.wait_until("another process", &script);
    // One change at a time: the new process is there a moment before the restart is over.
    up.stderr().wait_for_text("restart of site-1: done");
    browser.wait_for("#services button[data-key='restart gateway']").click();
    browser.wait_for("#confirm-yes").click();
    up.stderr().wait_for_text("serves in the place of pid");
    let own = "return [...document.querySelectorAll('#services tbody tr')]\
               .find((row) => row.textContent.includes('gateway'))?.children[3].textContent";
    let script = format!("const now = (() => {{ {own} }})(); return now && now.startsWith('up')");
    browser.wait_until("the gateway to be up", &script);
    browser.picture("console-services");
    browser.judge_accessibility("the console with services");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
