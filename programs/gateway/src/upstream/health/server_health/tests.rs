//! What is told of a server, and what its gate makes of it.

use super::*;

fn server() -> Arc<Health> {
    let health = Health::new("127.0.0.1:9001");
    health.follow(Some(EjectionRules::DEFAULT), Duration::ZERO, None);
    health
}

fn told(health: &Health) -> (ServerState, Option<String>) {
    let told = health.told();
    (told.state, told.why)
}

#[test]
fn the_gate_follows_what_is_known() {
    let health = server();
    assert!(health.is_open() && health.told().since.is_none());
    health.fall("3 checks in a row failed");
    assert!(!health.is_open() && health.told().since.is_some());
    assert_eq!(told(&health), (ServerState::Down, Some("3 checks in a row failed".into())));
    health.rise();
    assert!(health.is_open());
    assert_eq!(told(&health), (ServerState::Up, None));
}

#[test]
fn each_state_keeps_its_own_reason() {
    let health = server();
    health.fall("no answer");
    health.drain("by an operator", true);
    assert_eq!(told(&health), (ServerState::Draining, Some("by an operator".into())));
    health.undrain();
    assert_eq!(told(&health), (ServerState::Down, Some("no answer".into())));
    assert!(!health.is_open());
}

#[test]
fn a_reload_takes_back_what_nobody_else_would() {
    let health = server();
    let check = HealthCheck::new(tombolo_daemon::config::Probe::Tcp);
    health.follow(None, Duration::ZERO, Some(Arc::new(check)));
    assert!(health.take_checks() && !health.take_checks());
    health.fall("no answer");
    health.follow(None, Duration::ZERO, None);
    assert_eq!(told(&health), (ServerState::Up, None), "nobody checks it any more");
    health.follow(Some(EjectionRules::DEFAULT), Duration::ZERO, None);
    assert!(health.eject(EjectionCause::Unanswered, "failures"));
    health.follow(None, Duration::ZERO, None);
    assert_eq!(told(&health), (ServerState::Up, None), "nothing is ejected any more");
    assert!(health.is_open());
}

#[test]
fn an_ejection_tells_when_it_is_over() {
    let health = server();
    assert!(
        health.eject(EjectionCause::Unanswered, "5 failures in a row")
            && !health.eject(EjectionCause::Unanswered, "again")
    );
    let until = health.told().until.unwrap();
    let left = until.duration_since(SystemTime::now()).unwrap();
    assert!(left <= EjectionRules::DEFAULT.time && left > Duration::from_secs(4), "{left:?}");
    assert!(health.is_ejected() && !health.is_probing());
    assert_eq!(health.told().ejections, 1);
}
