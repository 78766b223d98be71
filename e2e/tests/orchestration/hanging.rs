//! A replica that hangs without dying is started again.

use rustix::process::Signal;
use tombolo_e2e::eventually;

use crate::{Up, own_ports, signal};

#[test]
fn replica_that_answers_nothing_is_killed_and_started_again() {
    let up = Up::start("[up]\nhang_after = \"1s\"\n");
    let (first, other) = (up.process("site-1"), up.process("site-2"));
    signal(&first, Signal::STOP);
    let anew = eventually("another process", || {
        let now = up.process("site-1");
        (now["state"] == "up" && now["pid"] != first["pid"]).then_some(now)
    });
    assert_eq!(anew["last_exit"]["how"], "did not answer for 1s and was killed");
    assert_eq!(anew["restarts"], 1);
    up.process
        .stderr()
        .wait_for_text("site-1 did not answer for 1s and was killed; starting it again");
    assert_eq!(up.process("site-2")["pid"], other["pid"], "who answers is left alone");
}

/// A replica that is stopped does not end when it is asked to: nothing else waits for that.
#[test]
fn a_replica_that_hangs_holds_up_no_other_service_and_can_be_killed() {
    let chat = format!(
        "[[service]]\nname = \"chat\"\nreplicas = 1\nlisten = \"127.0.0.1:{}\"\n\
         [[route]]\nupstream = \"site\"\n",
        own_ports() + 5
    );
    let up = Up::start(&chat);
    let hung = up.process("site-1");
    signal(&hung, Signal::STOP);
    assert_eq!(up.post("/api/v1/restart", "{\"replica\":\"site-1\"}").status(), 202);
    let told = up.run(&["scale", "chat", "2"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let operations = up.status()["operations"].clone();
    let restart = operations.as_array().unwrap().iter().find(|one| one["kind"] == "restart");
    assert_eq!(restart.unwrap()["state"], "running", "{operations:#}");
    eventually("the step to say when it is killed", || {
        let operations = up.status()["operations"].clone();
        let step = operations[0]["step"].as_str()?.to_owned();
        step.contains("killed if it has not ended within 32 s").then_some(())
    });
    let told = up.run(&["restart", "site-1", "--now"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_ne!(up.process_when("site-1", "up")["pid"], hung["pid"]);
}
