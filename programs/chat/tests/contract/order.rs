//! One order for each room, the same at every replica, without a gap.

use std::collections::BTreeSet;
use std::thread;

use crate::on_both;
use crate::replicas::Store;

on_both!(everybody_sees_the_same_in_the_same_order, rooms_count_for_themselves);

/// Writers at all three replicas, readers at all three.
fn everybody_sees_the_same_in_the_same_order(store: Store) {
    let replicas = [store.replica(), store.replica(), store.replica()];
    let mut streams: Vec<_> =
        replicas.iter().map(|replica| replica.events("lobby", "after=0", None)).collect();
    thread::scope(|scope| {
        for (writer, replica) in replicas.iter().cycle().take(9).enumerate() {
            scope.spawn(move || replica.say("lobby", (0..20).map(|n| format!("{writer}/{n}"))));
        }
    });
    let log = replicas[0].log("lobby");
    let numbers: Vec<u64> = log.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=180).collect::<Vec<u64>>());
    let texts: BTreeSet<&String> = log.iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 180, "something is there twice");
    // What one writer said one after the other stands in that order.
    for writer in 0..9 {
        let own: Vec<&str> =
            log.iter().filter_map(|(_, text)| text.strip_prefix(&format!("{writer}/"))).collect();
        assert_eq!(own, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    }
    for stream in &mut streams {
        for (seq, text) in &log {
            let message = stream.expect("message");
            assert_eq!(
                (message["seq"].as_u64(), message["text"].as_str()),
                (Some(*seq), Some(text.as_str()))
            );
        }
    }
    for replica in &replicas {
        assert_eq!(replica.log("lobby"), log);
    }
}

fn rooms_count_for_themselves(store: Store) {
    let replica = store.replica();
    assert_eq!(replica.say("one", ["a".into(), "b".into()]), [1, 2]);
    assert_eq!(replica.say("caf%C3%A9", ["a".into()]), [1]);
    // The same name, typed as a letter and its accent.
    assert_eq!(replica.say("cafe%CC%81", ["b".into()]), [2]);
    let rooms = replica.get("/chat/rooms").json();
    let names: Vec<_> =
        rooms["rooms"].as_array().unwrap().iter().map(|room| &room["room"]).collect();
    assert_eq!(names, ["café", "one"]);
    assert_eq!(replica.get("/chat/rooms/empty/messages").json()["messages"], serde_json::json!([]));
}
