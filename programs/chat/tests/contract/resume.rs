//! A reader that comes back gets what it lacks: all of it, once, at any replica.

use crate::on_both;
use crate::replicas::Store;

on_both!(
    a_reader_resumes_from_every_place_at_every_replica,
    a_long_absence_is_made_up_for_from_the_log,
    last_event_id_counts_for_more_than_the_query,
    a_reader_without_a_place_gets_what_comes,
    pages_go_both_ways,
);

fn texts(count: u64) -> impl Iterator<Item = String> {
    (1..=count).map(|n| format!("message {n}"))
}

fn a_reader_resumes_from_every_place_at_every_replica(store: Store) {
    let replicas = [store.replica(), store.replica(), store.replica()];
    let mut first = replicas[0].events("lobby", "after=0", None);
    replicas[1].say("lobby", texts(40));
    for seen in 0..=40 {
        let mut stream = replicas[seen as usize % 3].events("lobby", "", Some(&first.id));
        let rest = stream.numbers(40 - seen as usize);
        assert_eq!(rest, (seen + 1..=40).collect::<Vec<_>>(), "after {seen}");
        if seen < 40 {
            first.numbers(1);
        }
    }
}

/// More than a page, and more than a new replica begins its ring with.
fn a_long_absence_is_made_up_for_from_the_log(store: Store) {
    let writer = store.replica();
    std::thread::scope(|scope| {
        for part in 0..10 {
            let writer = &writer;
            scope.spawn(move || writer.say("lobby", (0..70).map(|n| format!("{part}/{n}"))));
        }
    });
    let fresh = store.replica();
    for (end, replica) in [(700, &writer), (701, &fresh)] {
        let mut stream = replica.events("lobby", "after=3", None);
        assert_eq!(stream.numbers(end - 3), (4..=end as u64).collect::<Vec<_>>());
        writer.say("lobby", ["live".to_owned()]);
        let live = stream.expect("message");
        assert_eq!(
            (live["seq"].as_u64(), live["text"].as_str()),
            (Some(end as u64 + 1), Some("live"))
        );
    }
}

fn last_event_id_counts_for_more_than_the_query(store: Store) {
    let replica = store.replica();
    replica.say("lobby", texts(5));
    let id = {
        let mut stream = replica.events("lobby", "after=0", None);
        stream.numbers(4);
        stream.id
    };
    let mut stream = replica.events("lobby", "after=1", Some(&id));
    assert_eq!(stream.numbers(1), [5]);
    // An id of an event serves as `after` too.
    let mut stream = replica.events("lobby", &format!("after={id}"), None);
    assert_eq!(stream.numbers(1), [5]);
}

/// Even if nothing came before the connection was lost.
fn a_reader_without_a_place_gets_what_comes(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    one.say("lobby", texts(3));
    let stream = one.events("lobby", "", None);
    let id = stream.id.clone();
    drop(stream);
    assert!(id.ends_with("-3"), "{id}");
    one.say("lobby", ["meanwhile".to_owned()]);
    let mut stream = other.events("lobby", "", Some(&id));
    assert_eq!(stream.expect("message")["text"], "meanwhile");
}

fn pages_go_both_ways(store: Store) {
    let replica = store.replica();
    replica.say("lobby", texts(10));
    for (query, expected) in [
        ("", 1..11),
        ("limit=3", 8..11),
        ("after=0&limit=3", 1..4),
        ("after=8", 9..11),
        ("before=4&limit=2", 2..4),
        ("before=1", 1..1),
        ("after=10", 1..1),
        ("after=99", 1..1),
    ] {
        let page = replica.get(&format!("/chat/rooms/lobby/messages?{query}")).json();
        let numbers: Vec<u64> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["seq"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, expected.collect::<Vec<u64>>(), "{query}");
        assert_eq!((page["first"].as_u64(), page["last"].as_u64()), (Some(1), Some(10)));
        assert_eq!(page["trimmed"], false);
    }
}
