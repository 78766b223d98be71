//! What cannot be made up for is said.

use crate::client::Stream;
use crate::on_both;
use crate::replicas::Store;

on_both!(
    what_is_no_longer_kept_is_said,
    another_log_is_said,
    a_place_that_was_never_reached_is_said,
);

/// The reset, and the number of the message after it.
fn reset(stream: &mut Stream) -> (serde_json::Value, u64) {
    let event = stream.next().unwrap();
    assert_eq!(event.kind, "reset", "{event:?}");
    let id = stream.id.clone();
    assert!(id.ends_with(&format!("-{}", event.data["after"])), "{id}");
    (event.data, stream.numbers(1)[0])
}

fn what_is_no_longer_kept_is_said(store: Store) {
    let replica = store.replica_with(|options| options.history = 10);
    replica.say("lobby", (0..30).map(|n| n.to_string()));
    let fresh = store.replica_with(|options| options.history = 10);
    let page = fresh.get("/chat/rooms/lobby/messages?after=1").json();
    let first = page["first"].as_u64().unwrap();
    assert!((20..=21).contains(&first) && page["trimmed"] == true, "{page}");
    let (said, next) = reset(&mut fresh.events("lobby", "after=1", None));
    assert_eq!((said["reason"].as_str(), next), (Some("trimmed"), first));
    // Nothing is missing right before the first that is kept.
    let mut stream = fresh.events("lobby", &format!("after={}", first - 1), None);
    assert_eq!(stream.numbers(1), [first]);
}

fn another_log_is_said(store: Store) {
    let replica = store.replica();
    replica.say("lobby", ["a".into(), "b".into()]);
    let (said, next) = reset(&mut replica.events("lobby", "", Some("abc-1")));
    assert_eq!((said["reason"].as_str(), next), (Some("epoch"), 1));
}

fn a_place_that_was_never_reached_is_said(store: Store) {
    let replica = store.replica();
    replica.say("lobby", ["a".into(), "b".into()]);
    let (said, next) = reset(&mut replica.events("lobby", "after=7", None));
    assert_eq!((said["reason"].as_str(), next), (Some("ahead"), 1));
}

/// A copy of the file goes on from where it was made: the numbers after it mean something else.
#[test]
fn a_restored_copy_is_another_log() {
    let store = Store::sqlite();
    let path = store.url().file().unwrap();
    let copy = path.with_extension("copy");
    let replica = store.replica();
    replica.say("lobby", ["a".into()]);
    let mut stream = replica.events("lobby", "after=0", None);
    stream.numbers(1);
    replica.trigger.drain();
    replica.ended().unwrap();
    std::fs::copy(&path, &copy).unwrap();
    let replica = store.replica();
    replica.say("lobby", ["lost".into()]);
    replica.trigger.drain();
    replica.ended().unwrap();
    std::fs::rename(&copy, &path).unwrap();
    let replica = store.replica();
    replica.say("lobby", ["instead".into()]);
    let epoch = stream.id.split('-').next().unwrap().to_owned();
    let (said, _) = reset(&mut replica.events("lobby", "", Some(&format!("{epoch}-2"))));
    assert_eq!(said["reason"], "epoch");
}

#[test]
fn a_replica_whose_file_is_replaced_ends() {
    let store = Store::sqlite();
    let replica = store.replica();
    replica.say("lobby", ["a".into()]);
    let path = store.url().file().unwrap();
    std::fs::rename(&path, path.with_extension("away")).unwrap();
    let words = replica.ended().unwrap_err().to_string();
    assert!(words.contains("moved or replaced"), "{words}");
}
