//! A replica that keeps dying is left alone, with the reason said, and the others go on.

use rustix::process::Signal;
use tombolo_e2e::{Client, eventually};

use crate::{Up, signal};

#[test]
fn replica_that_keeps_dying_is_left_alone_until_it_is_restarted() {
    let up = Up::start("[up]\ngive_up_after = 3\n");
    let public = up.process.folder().join("public");
    let aside = up.process.folder().join("aside");
    // From now on it cannot start: its folder is gone.
    std::fs::rename(&public, &aside).unwrap();
    signal(&up.process("site-1"), Signal::KILL);
    let failed = up.process_when("site-1", "failed");
    let why = failed["why"].as_str().unwrap();
    assert!(
        why.contains("ended with exit code 1") && why.contains("tombolo restart site-1"),
        "{why}"
    );
    let words = failed["last_exit"]["output"].to_string();
    assert!(words.contains("public"), "{failed:#}");
    assert_eq!((&failed["pid"], &failed["restarts"]), (&serde_json::Value::Null, &3.into()));
    up.process.stderr().wait_for_text("failed 3 times in a row and is not started again");
    up.process.stderr().wait_for_text("start it again with: tombolo restart site-1");
    let told = up.run(&["status"]);
    assert!(told.stdout.contains("site-1 FAILED: it failed too often"), "{}", told.stdout);
    std::fs::rename(&aside, &public).unwrap();
    // The other has gone on, and serves as soon as it has its folder again.
    let other = up.process("site-2");
    assert_eq!((&other["state"], &other["restarts"]), (&"up".into(), &0.into()));
    eventually("the other to answer", || {
        let answer = Client::connect(up.gateway).get("/");
        (answer.status() == 200).then(|| assert_eq!(answer.head.one("x-replica"), Some("site-2")))
    });
    // Nothing starts it by itself.
    assert_eq!(up.process("site-1")["state"], "failed");
    let restarted = up.run(&["restart", "site-1"]);
    assert_eq!(restarted.code, Some(0), "{restarted:?}");
    assert_eq!(restarted.stdout, "done: restart of site-1\n");
    assert_eq!(up.process("site-1")["state"], "up");
    eventually("both replicas to answer", || {
        let mut seen: Vec<_> = (0..2)
            .map(|_| Client::connect(up.gateway).get("/").head.one("x-replica").unwrap().to_owned())
            .collect();
        seen.sort_unstable();
        (seen == ["site-1", "site-2"]).then_some(())
    });
}

#[test]
fn restart_that_does_not_succeed_says_why() {
    let up = Up::start("[up]\ngive_up_after = 2\n");
    let folder = up.process.folder();
    std::fs::rename(folder.join("public"), folder.join("aside")).unwrap();
    signal(&up.process("site-2"), Signal::KILL);
    up.process_when("site-2", "failed");
    let told = up.run(&["restart", "site-2"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("site-2 ended with exit code 1"), "{told:?}");
    assert!(told.stderr.contains("public"), "{told:?}");
    let json = up.run(&["restart", "site-2", "--json"]);
    let operation: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, &operation["state"]), (Some(1), &"failed".into()));
}
