//! A post that is sent again is there once, and is answered the same.

use std::thread;

use crate::on_both;
use crate::replicas::Store;

on_both!(the_same_key_is_the_same_message, duplicates_at_once_become_one_message);

fn the_same_key_is_the_same_message(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    let first = one.post("lobby", Some("k-1"), "Ana", "hello");
    assert_eq!(first.status, 201);
    for (replica, key) in [(&one, "k-1"), (&other, "k-1"), (&other, "\"k-1\"")] {
        let again = replica.post("lobby", Some(key), "Ana", "hello");
        assert_eq!((again.status, again.json()), (200, first.json()));
    }
    for (author, text) in [("Ana", "something else"), ("Eva", "hello")] {
        let answer = other.post("lobby", Some("k-1"), author, text);
        assert_eq!(answer.status, 422, "{answer:?}");
        assert_eq!(answer.json()["field"], "Idempotency-Key");
    }
    // Another room has keys of its own, and no key is no key.
    assert_eq!(one.post("cellar", Some("k-1"), "Eva", "hello").status, 201);
    assert_eq!(one.post("lobby", None, "Ana", "hello").status, 201);
    assert_eq!(one.log("lobby").len(), 2);
}

fn duplicates_at_once_become_one_message(store: Store) {
    let replicas = [store.replica(), store.replica(), store.replica()];
    let answers: Vec<_> = thread::scope(|scope| {
        let senders: Vec<_> = (0..30)
            .map(|n| {
                let replica = &replicas[n % 3];
                scope
                    .spawn(move || replica.post("lobby", Some(&format!("k-{}", n % 2)), "Ana", "x"))
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 2);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)));
    let ids: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    assert_eq!((ids.len(), replicas[0].log("lobby").len()), (2, 2));
}
