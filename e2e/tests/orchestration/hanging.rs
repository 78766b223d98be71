//! A replica that hangs without dying is started again.

use rustix::process::Signal;
use tombolo_e2e::eventually;

use crate::{Up, signal};

#[test]
fn replica_that_answers_nothing_is_killed_and_started_again() {
    let up = Up::start("[up]\nhang_after = \"1s\"\n");
    let (first, other) = (up.process("site-1"), up.process("site-2"));
    signal(&first, Signal::STOP);
    let anew = eventually("another process", || {
        let now = up.process("site-1");
        (now["state"] == "up" && now["pid"] != first["pid"]).then_some(now)
    });
    assert_eq!(anew["last_exit"]["how"], "answered nothing for 1s and was killed");
    assert_eq!(anew["restarts"], 1);
    up.process
        .stderr()
        .wait_for_text("site-1 answered nothing for 1s and was killed; starting it again");
    assert_eq!(up.process("site-2")["pid"], other["pid"], "who answers is left alone");
}
