//! A replica that goes sends its readers elsewhere, and finishes what it has taken.

use std::collections::BTreeSet;

use crate::on_both;
use crate::replicas::{PATIENCE, Store};

on_both!(readers_are_sent_to_the_others_and_miss_nothing);

fn readers_are_sent_to_the_others_and_miss_nothing(store: Store) {
    let (going, staying) = (store.replica(), store.replica());
    let mut streams: Vec<_> = (0..20).map(|_| going.events("lobby", "after=0", None)).collect();
    going.say("lobby", ["before".to_owned()]);
    for stream in &mut streams {
        assert_eq!(stream.numbers(1), [1]);
    }
    let start = std::time::Instant::now();
    going.trigger.drain();
    let mut retries = BTreeSet::new();
    for stream in &mut streams {
        while let Some(event) = stream.next() {
            assert_ne!(event.kind, "reset", "{event:?}");
        }
        let retry = stream.retry.unwrap();
        assert!((200..=3000).contains(&retry), "{retry}");
        retries.insert(retry);
    }
    assert!(retries.len() > 5, "they would all come back at once: {retries:?}");
    going.ended().unwrap();
    assert!(start.elapsed() < PATIENCE / 2, "open streams held the drain up");
    staying.say("lobby", ["after".to_owned()]);
    for stream in &streams {
        let mut stream = staying.events("lobby", "", Some(&stream.id));
        assert_eq!(stream.numbers(1), [2]);
    }
}
