//! How a reload comes about: a signal, the admin API, the file itself.

use crate::{Changing, origin};
use rustix::process::Signal;
use tombolo_e2e::{Setup, eventually};

#[test]
fn hangup_opens_the_log_anew_and_reloads() {
    let (one, two) = (origin("one"), origin("two"));
    let setup = |origin| Setup::to(origin).access_log("file = \"a.log\"");
    let changing = Changing::start(&setup(&one));
    let mut client = changing.gateway.connect();
    assert_eq!(client.get("/").text(), "one");
    let log = changing.gateway.folder().join("a.log");
    std::fs::rename(&log, changing.gateway.folder().join("old.log")).unwrap();
    changing.write(&setup(&two));
    changing.gateway.signal(Signal::HUP);
    eventually("the new server", || (client.get("/").text() == "two").then_some(()));
    eventually("the new log", || log.exists().then_some(()));
}

/// A gateway without an admin API once reloaded without end.
#[test]
fn nothing_is_reloaded_unasked() {
    let origin = origin("one");
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..20 {
        assert_eq!(client.get("/").text(), "one");
    }
    assert!(!gateway.stderr().text().contains("reload"), "{}", gateway.stderr().text());
}

#[test]
fn a_watched_file_is_read_when_it_changes() {
    let (one, two) = (origin("one"), origin("two"));
    let watching = |origin| Setup::to(origin).gateway("watch = true");
    let changing = Changing::start(&watching(&one));
    let mut client = changing.gateway.connect();
    assert_eq!(client.get("/").text(), "one");
    changing.write_text("[gateway]\nbroken");
    changing.gateway.stderr().wait_for_text("nothing has changed");
    assert_eq!(client.get("/").text(), "one");
    changing.write(&watching(&two));
    eventually("the new server", || (client.get("/").text() == "two").then_some(()));
}

#[test]
fn a_file_that_is_not_watched_is_left_alone_and_can_be_watched_later() {
    let (one, two) = (origin("one"), origin("two"));
    let changing = Changing::start(&Setup::to(&one));
    changing.reload(&Setup::to(&one).gateway("watch = true"));
    changing.write(&Setup::to(&two));
    let mut client = changing.gateway.connect();
    eventually("the new server", || (client.get("/").text() == "two").then_some(()));
}
