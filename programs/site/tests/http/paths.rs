//! Attempts to get out of the served folder, and other paths that must not work.

use std::os::unix::fs::symlink;

use crate::harness::Replica;

#[test]
fn nothing_outside_the_root_can_be_had() {
    let replica = Replica::of_folder();
    let outside = replica.root().parent().unwrap().to_owned();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    replica.put("a/file", "inside");
    symlink(outside.join("secret"), replica.root().join("absolute")).unwrap();
    symlink("../secret", replica.root().join("relative")).unwrap();
    symlink("..", replica.root().join("parent")).unwrap();
    symlink("/", replica.root().join("slash")).unwrap();
    symlink("/proc/self/root", replica.root().join("magic")).unwrap();
    symlink(&outside, replica.root().join("a/up")).unwrap();
    for target in [
        "/../secret",
        "/a/../../secret",
        "/..",
        "/./../secret",
        "/%2e%2e/secret",
        "/.%2e/secret",
        "/%2E%2E%2Fsecret",
        "/..%2fsecret",
        "/a%2f..%2f..%2fsecret",
        "/%252e%252e/secret",
        "/..%5csecret",
        "/..\\secret",
        "/%c0%ae%c0%ae/secret",
        "/%c0%af..%c0%afsecret",
        "/..%00/secret",
        "/a/file%00.html",
        "/absolute",
        "/relative",
        "/parent/secret",
        "/slash/etc/passwd",
        "/magic/etc/passwd",
        "/a/up/secret",
        "//etc/passwd",
        "/etc/passwd",
        "/a//file",
        "/a/file/../../../secret",
        "/%ff%fe",
        "/;/../secret",
        "/..;/secret",
        "/%u002e%u002e/secret",
        "http://example.org/../secret",
    ] {
        let answer = replica.get(target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!body.contains("root:") && body != "secret", "{target} got out: {body}");
        assert_eq!(answer.field("x-replica"), Some("test-1"), "{target}");
    }
    assert_eq!(replica.get("/a/file").text(), "inside");
}

#[test]
fn links_that_stay_inside_are_followed() {
    let replica = Replica::of_folder();
    replica.put("releases/2/index.html", "two");
    symlink("releases/2", replica.root().join("latest")).unwrap();
    assert_eq!(replica.get("/latest/").text(), "two");
}

#[test]
fn hidden_files_stay_hidden() {
    let replica = Replica::of_folder();
    replica.put(".env", "KEY=1");
    replica.put(".git/config", "x");
    replica.put("docs/.htpasswd", "x");
    replica.put(".well-known/security.txt", "Contact: x");
    replica.put(".well-known/.hidden", "x");
    for target in
        ["/.env", "/.git/config", "/docs/.htpasswd", "/%2eenv", "/.well-known/.hidden", "/.git/"]
    {
        assert_eq!(replica.get(target).status, 404, "{target}");
    }
    assert_eq!(replica.get("/.well-known/security.txt").status, 200);
}

#[test]
fn names_are_decoded_once() {
    let replica = Replica::of_folder();
    replica.put("café.txt", "coffee");
    replica.put("100%25.txt", "percent");
    replica.put("a+b c.txt", "plus");
    for (target, body) in [
        ("/caf%C3%A9.txt", "coffee"),
        ("/100%2525.txt", "percent"),
        ("/a+b%20c.txt", "plus"),
        ("/%61+b%20c.txt?query=/../x", "plus"),
    ] {
        let answer = replica.get(target);
        assert_eq!((answer.status, answer.text().as_str()), (200, body), "{target}");
    }
}

#[test]
fn malformed_and_long_paths_are_told_apart() {
    let replica = Replica::of_folder();
    for target in ["/%", "/%zz", "/a%2", "/%00", "/a/./b", "/a%2fb"] {
        assert_eq!(replica.get(target).status, 400, "{target}");
    }
    let long = "a".repeat(9000);
    assert_eq!(replica.get(&format!("/{long}")).status, 414);
    assert_eq!(replica.get(&format!("/?{long}")).status, 414);
    assert_eq!(replica.get(&format!("/{}", "a".repeat(300))).status, 404, "too long for a name");
}

#[test]
fn special_files_are_not_served() {
    let replica = Replica::of_folder();
    let fifo = replica.root().join("fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(replica.root().join("socket")).unwrap();
    for target in ["/fifo", "/socket"] {
        assert_eq!(replica.get(target).status, 404, "{target}");
    }
}
