//! From one process to the next: servers as they were, less what time and the configuration undo.

use std::collections::BTreeMap;

use tombolo_balance::{EjectionCause, PastEjection, ServerState};
use tombolo_daemon::config::{Overrides, parse};

use super::*;
use crate::control_plane::memory::gather::gather;

const SECOND: Duration = Duration::from_secs(1);

/// A gateway with three servers and these lines for their upstream.
fn gateway(lines: &str) -> Snapshot {
    let text = format!(
        "[[upstream]]\nname = \"app\"\nservers = [\"10.0.0.1:1\", \"10.0.0.2:1\", \"10.0.0.3:1\"]\n{lines}\n"
    );
    let config = parse(&text, "test.toml", &BTreeMap::new(), &Overrides::default());
    Snapshot::new(
        config.unwrap_or_else(|mistakes| panic!("{mistakes}")),
        Default::default(),
        1,
        None,
    )
}

/// What a gateway of before wrote `ago`.
fn written(before: &Snapshot, ago: Duration) -> Record {
    let record = gather(before, false);
    let text = Record { written: record.written - ago, ..record }.to_text().unwrap();
    Record::parse(text.as_bytes()).unwrap()
}

fn states(snapshot: &Snapshot) -> Vec<ServerState> {
    snapshot.servers().map(|server| server.health.told().state).collect()
}

const CHECKED: &str = "health = { path = \"/\" }";

#[test]
fn servers_are_as_they_were_and_why_and_since_when() {
    use ServerState::{Down, Draining, Ejected};
    let before = gateway(CHECKED);
    let servers = &before.upstreams[0].servers;
    servers[0].health.fall("no answer");
    servers[1].health.eject(EjectionCause::Unanswered, "5 in a row");
    servers[2].drain("an operator drains it", true);
    let after = gateway(CHECKED);
    let recalled = recall(&written(&before, SECOND), From::Past, &after);
    assert_eq!(recalled, Recalled { drained: 1, down: 1, ejected: 1, too_old: 0 });
    assert_eq!(states(&after), [Down, Ejected, Draining]);
    for (before, after) in before.servers().zip(after.servers()) {
        let (before, after) = (before.health.told(), after.health.told());
        assert_eq!(before.why, after.why);
        let apart = before.since.unwrap().duration_since(after.since.unwrap()).unwrap();
        // Written one second before they were so, and rounded to milliseconds.
        assert!(apart >= SECOND - SECOND / 100 && apart < SECOND * 2, "{apart:?}");
        assert!(after.recalled.is_some() && before.recalled.is_none());
    }
    let left = after.upstreams[0].servers[1].health.told().until.unwrap();
    let left = left.duration_since(SystemTime::now()).unwrap();
    assert!(left > SECOND * 3 && left <= SECOND * 4, "5 s less the one that has passed: {left:?}");
}

#[test]
fn what_shows_again_is_known_and_not_recalled() {
    let before = gateway(CHECKED);
    before.upstreams[0].servers[0].health.fall("no answer");
    before.upstreams[0].servers[1].health.fall("no answer");
    let after = gateway(CHECKED);
    recall(&written(&before, SECOND * 30), From::Past, &after);
    let [one, two, _] = &after.upstreams[0].servers[..] else { panic!("three") };
    // Written down again before anything was found out, it does not get younger.
    let again = written(&after, Duration::ZERO);
    let as_of = again.upstreams[0].servers[0].1.as_of.unwrap();
    let age = SystemTime::now().duration_since(as_of).unwrap();
    assert!(age >= SECOND * 30 && age < SECOND * 40, "{age:?}");
    one.health.checked(Some("no answer".into()), SECOND);
    assert!(one.health.told().recalled.is_none(), "confirmed");
    two.health.rise();
    assert_eq!((two.health.told().recalled, two.health.told().why), (None, None), "refuted");
}

#[test]
fn nobody_is_down_whom_nobody_checks() {
    let before = gateway(CHECKED);
    before.upstreams[0].servers[0].health.fall("no answer");
    let after = gateway("");
    recall(&written(&before, SECOND), From::Past, &after);
    assert_eq!(states(&after), [ServerState::Up; 3]);
}

#[test]
fn what_is_old_is_forgotten_but_drains() {
    use ServerState::{Down, Draining, Up};
    let before = gateway(CHECKED);
    let servers = &before.upstreams[0].servers;
    servers[0].health.fall("no answer");
    servers[1].health.fall("no answer");
    servers[1].drain("an operator drains it", true);
    before.upstreams[0].set_drained(true);
    for (ago, expected) in
        [(OLD - SECOND, [Down, Draining, Up]), (OLD + SECOND, [Up, Draining, Up])]
    {
        let after = gateway(CHECKED);
        recall(&written(&before, ago), From::Past, &after);
        assert_eq!(states(&after), expected, "{ago:?}");
        assert!(after.upstreams[0].is_drained());
        after.upstreams[0].servers[1].undrain();
        assert_eq!(states(&after)[1], expected[0], "{ago:?}");
    }
    // Written by a clock that was far ahead: how old it is, nobody knows.
    let record = gather(&before, false);
    let record = Record { written: record.written + SECOND * 3600, ..record };
    let after = gateway(CHECKED);
    assert_eq!(recall(&record, From::Past, &after).too_old, 2);
    assert_eq!(states(&after), [Up, Draining, Up]);
}

#[test]
fn a_drain_that_was_not_to_last_ends_with_the_process_but_not_in_a_succession() {
    let before = gateway("");
    before.upstreams[0].servers[0].drain("an operator drains it", false);
    for (from, state) in [(From::Past, ServerState::Up), (From::Predecessor, ServerState::Draining)]
    {
        let after = gateway("");
        recall(&written(&before, SECOND), from, &after);
        assert_eq!(states(&after)[0], state);
    }
}

#[test]
fn what_is_configured_no_longer_is_passed_over() {
    let before = gateway("");
    before.upstreams[0].servers[0].drain("an operator drains it", true);
    let mut record = written(&before, SECOND);
    record.upstreams[0].servers[0].0 = "elsewhere:1".into();
    let mut gone = record.upstreams[0].clone();
    gone.name = "gone".into();
    record.upstreams.push(gone);
    let after = gateway("");
    assert!(recall(&record, From::Past, &after).is_nothing());
    assert_eq!(states(&after), [ServerState::Up; 3]);
}

/// A record may claim what it likes: never are more servers out than the rules allow, nor for longer.
#[test]
fn never_are_all_out() {
    let before = gateway("");
    for server in &before.upstreams[0].servers {
        server.health.eject(EjectionCause::Unanswered, "5 in a row");
    }
    let mut record = written(&before, SECOND);
    for (_, memory) in &mut record.upstreams[0].servers {
        let stage = EjectionStage::Out { left: Duration::MAX };
        memory.condition.ejection = Some(PastEjection { length: Duration::MAX, stage });
    }
    let after = gateway("");
    assert_eq!(recall(&record, From::Past, &after).ejected, 2);
    assert!(!after.upstreams[0].is_failing_open());
    let until = after.upstreams[0].servers[0].health.told().until.unwrap();
    assert!(until <= SystemTime::now() + SECOND * 300, "no longer than max_time");
    let after = gateway("ejection = false");
    assert_eq!(recall(&record, From::Past, &after).ejected, 0);
}
