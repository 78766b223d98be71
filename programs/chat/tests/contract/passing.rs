//! Presence and typing: told everywhere, kept nowhere.

use serde_json::{Value, json};

use crate::client::{Stream, request};
use crate::on_both;
use crate::replicas::Store;

on_both!(who_is_there_is_known_at_every_replica, typing_is_told_at_every_replica);

/// Presence events until one says so.
fn until(stream: &mut Stream, count: u64, names: &[&str]) {
    let expected = json!({"count": count, "names": names});
    let mut seen: Vec<Value> = Vec::new();
    while seen.last() != Some(&expected) {
        assert!(seen.len() < 20, "{seen:?}");
        seen.push(stream.expect("presence"));
    }
}

fn who_is_there_is_known_at_every_replica(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    let mut ana = one.events("lobby", "name=Ana", None);
    until(&mut ana, 1, &["Ana"]);
    let mut eva = other.events("lobby", "name=Eva+Mar%C3%ADa", None);
    until(&mut eva, 2, &["Ana", "Eva María"]);
    until(&mut ana, 2, &["Ana", "Eva María"]);
    drop(eva);
    until(&mut ana, 1, &["Ana"]);
    assert!(one.log("lobby").is_empty());
}

fn typing_is_told_at_every_replica(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    let mut here = one.events("lobby", "", None);
    let mut there = other.events("lobby", "", None);
    let body = json!({"author": "Ana"}).to_string();
    let fields = [("Content-Type", "application/json")];
    // Listening to the other takes a moment at the start: say it until it arrives.
    let say = || request(one.address, "POST", "/chat/rooms/lobby/typing", &fields, &body).status;
    assert_eq!(say(), 204);
    let expected = json!({"author": "Ana", "expires_ms": 5000});
    assert_eq!(here.expect("typing"), expected);
    std::thread::scope(|scope| {
        let (heard, wait) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            let pause = std::time::Duration::from_millis(2100);
            while wait.recv_timeout(pause) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                say();
            }
        });
        assert_eq!(there.expect("typing"), expected);
        drop(heard);
    });
}
