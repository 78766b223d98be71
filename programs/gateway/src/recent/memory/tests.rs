//! What is written is read: whole, cut, in its order, and under the names of its time.

use super::*;
use crate::control_plane::Snapshot;
use crate::metrics::Outcome;
use crate::recent::{Failed, Names, Note, Reason, Traced};
use crate::timing::{Phase, Spent};
use tombolo_cache::cache_status::{CacheStatus, Forward};
use tombolo_cache::freshness::Why;
use tombolo_cache::storability::NotStored;
use tombolo_daemon::config::{Overrides, builtin_gateway};

fn names() -> Arc<Names> {
    let upstreams = vec!["127.0.0.1:9001".parse().unwrap(), "127.0.0.1:9002".parse().unwrap()];
    let config = builtin_gateway(&Overrides { upstreams, ..Overrides::default() }).unwrap();
    Arc::clone(&Snapshot::new(config, Default::default(), 1, None).names)
}

fn spent() -> Spent {
    Spent::default().with(Phase::Head, Some(7)).with(Phase::Download, Some(u64::MAX))
}

fn note(id: &str) -> Note<'_> {
    Note {
        unix_millis: 1_700_000_000_000,
        duration_micros: 1500,
        asked_micros: Some(100),
        upstream_micros: Some(1200),
        spent: spent(),
        status: 200,
        bytes_in: 3,
        bytes_out: 40,
        route: Some(0),
        upstream: Some(0),
        backend: Some((0, 1)),
        attempts: 1,
        client: "192.0.2.7:4711".parse().unwrap(),
        is_http10: false,
        request_id: id.as_bytes(),
        method: b"GET",
        host: b"example.org",
        target: b"/a?b",
        cache: None,
        reason: None,
        not_stored: None,
        varies_by: b"accept-encoding",
        error: None,
        failures: &[],
        traced: None,
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let memory = Memory::new(2, 16, true);
    memory.lane(1).took(1500);
    memory.lane(1).note(&note("one"), &names());
    let seen = memory.find("one").unwrap();
    assert_eq!(
        (seen.unix_millis, seen.duration_micros, seen.status),
        (1_700_000_000_000, 1500, 200)
    );
    assert_eq!((seen.asked_micros, seen.upstream_micros), (Some(100), Some(1200)));
    assert_eq!((seen.bytes_in, seen.bytes_out, seen.attempts), (3, 40, 1));
    assert_eq!(seen.varies_by.as_deref(), Some("accept-encoding"));
    let told = Phase::ALL.map(|phase| seen.spent.in_phase(phase));
    let hour = u64::from(u32::MAX) - 1;
    assert_eq!(told, [Some(7), None, None, None, None, None, Some(hour)]);
    assert_eq!(seen.route.as_deref(), Some("/"));
    assert_eq!(seen.backend.as_deref(), Some("127.0.0.1:9002"));
    assert_eq!(seen.client, "192.0.2.7:4711".parse().unwrap());
    assert_eq!((seen.method.as_str(), seen.host.as_str()), ("GET", "example.org"));
    assert_eq!((seen.target.as_str(), seen.protocol), ("/a?b", "HTTP/1.1"));
    assert!(seen.cache.is_none() && seen.error.is_none() && memory.troubled(9).is_empty());
    assert!(memory.find("two").is_none());
    assert_eq!(memory.durations().total(), 1);
}

#[test]
fn what_the_cache_decided_and_what_failed_is_read_too() {
    let memory = Memory::new(1, 16, true);
    let status = CacheStatus {
        fwd: Some(Forward::Stale),
        fwd_status: Some(304),
        ttl: Some(-7),
        collapsed: true,
        ..CacheStatus::default()
    };
    let failures: Vec<Failed> = (0..6)
        .map(|server| Failed {
            server,
            outcome: Outcome::Unreachable,
            began_micros: 10,
            micros: 20,
            error: format!("connecting to {server} failed"),
        })
        .collect();
    memory.lane(0).note(
        &Note {
            cache: Some(&status),
            reason: Some(Reason::Unfit(Why::MustRevalidate)),
            not_stored: Some(NotStored::Private),
            error: Some("no server"),
            failures: &failures,
            route: None,
            backend: Some((0, 0)),
            upstream_micros: None,
            client: "[2001:db8::1]:1".parse().unwrap(),
            is_http10: true,
            ..note("x")
        },
        &names(),
    );
    let seen = memory.find("x").unwrap();
    assert_eq!(seen.cache, Some(status));
    let (words, clause) = seen.cache_reason().unwrap();
    assert_eq!((words, clause), (Why::MustRevalidate.words(), Some("RFC 9111 section 4.2.4")));
    assert_eq!(seen.not_stored, Some(NotStored::Private));
    assert_eq!(seen.error.as_deref(), Some("no server"));
    assert_eq!((seen.route, seen.upstream_micros), (None, None));
    assert_eq!((seen.client.to_string().as_str(), seen.protocol), ("[2001:db8::1]:1", "HTTP/1.0"));
    assert_eq!(seen.failures.len(), crate::recent::FAILURES);
    let second = &seen.failures[1];
    assert_eq!(second.backend.as_deref(), Some("127.0.0.1:9002"));
    assert_eq!(
        (second.outcome, second.began_micros, second.micros),
        (Some(Outcome::Unreachable), 10, 20)
    );
    assert_eq!(second.error, "connecting to 1 failed");
}

#[test]
fn long_texts_are_cut_and_said_to_be() {
    let memory = Memory::new(1, 16, true);
    let long = "x".repeat(9000);
    let bytes = long.as_bytes();
    let note = Note {
        request_id: &bytes[..128],
        method: bytes,
        host: bytes,
        target: bytes,
        error: Some(&long),
        ..note("")
    };
    memory.lane(0).note(&note, &names());
    for seen in memory.latest(9).into_iter().chain(memory.troubled(9)) {
        assert_eq!(seen.request_id.len(), 128);
        assert!(seen.host.ends_with("x…") && seen.target.ends_with("x…"), "{seen:?}");
        assert!(seen.error.is_some_and(|error| error.ends_with('…')));
    }
}

#[test]
fn errors_outlive_what_went_well() {
    let memory = Memory::new(1, 4, true);
    let names = names();
    memory.lane(0).note(&Note { status: 502, ..note("bad") }, &names);
    for count in 0..10_u64 {
        let id = format!("good-{count}");
        memory.lane(0).note(&Note { unix_millis: count, ..note(&id) }, &names);
    }
    let ids: Vec<String> = memory.latest(9).into_iter().map(|seen| seen.request_id).collect();
    assert_eq!(ids, ["good-9", "good-8", "good-7", "good-6"]);
    assert_eq!(memory.latest(2).len(), 2);
    assert_eq!(memory.troubled(9).len(), 1);
    assert_eq!(memory.find("bad").unwrap().status, 502);
}

#[test]
fn a_threads_own_order_is_kept_and_threads_are_told_apart_by_their_ends() {
    let memory = Memory::new(2, 16, true);
    // Milliseconds do not tell: by them the second of these ended before the first.
    for (lane, id, unix_millis, duration_micros) in
        [(0, "one", 1000, 950), (0, "two", 1000, 400), (1, "later", 1001, 5), (1, "last", 1001, 1)]
    {
        memory.lane(lane).note(&Note { unix_millis, duration_micros, ..note(id) }, &names());
    }
    let ids = |limit| memory.latest(limit).into_iter().map(|seen| seen.request_id);
    assert!(ids(9).eq(["last", "later", "two", "one"]));
    assert!(ids(3).eq(["last", "later", "two"]));
}

#[test]
fn names_are_those_of_the_configuration_of_the_time() {
    let memory = Memory::new(1, 64, true);
    let old = names();
    memory.lane(0).note(&note("old"), &old);
    for number in 0..9 {
        memory.lane(0).note(&note(&format!("new-{number}")), &names());
    }
    assert_eq!(memory.find("new-8").unwrap().route.as_deref(), Some("/"));
    assert_eq!(memory.find("old").unwrap().route, None, "too many reloads ago");
}

#[test]
fn nothing_is_remembered_where_that_is_wanted() {
    let memory = Memory::new(1, 0, false);
    memory.lane(0).note(&Note { status: 502, ..note("bad") }, &names());
    memory.lane(0).took(1500);
    assert!(!memory.lane(0).remembers());
    assert!(memory.find("bad").is_none() && memory.latest(9).is_empty());
    assert_eq!((memory.capacity(), memory.durations().total()), (0, 1));
}

#[test]
fn a_recorded_exchange_is_given_away_once_with_its_trace() {
    let memory = Memory::new(2, 4, true);
    let traced = Traced { trace: u128::MAX - 5, span: 7, parent: 9 };
    // Before the exporter has begun to read: requests are served from the first moment on.
    memory.lane(1).note(&Note { traced: Some(traced), ..note("one") }, &names());
    let mut cursors = memory.recorded_cursors();
    memory.lane(1).note(&note("two"), &names());
    let mut taken = Vec::new();
    assert_eq!(memory.take_recorded(&mut cursors, |one| taken.push(one)), 0);
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].traced, taken[0].seen.request_id.as_str()), (traced, "one"));
    assert_eq!(taken[0].seen.backend.as_deref(), Some("127.0.0.1:9002"));
    assert_eq!(memory.take_recorded(&mut cursors, |_| panic!("again")), 0);
    for _ in 0..1500 {
        memory.lane(0).note(&Note { traced: Some(traced), ..note("many") }, &names());
    }
    let mut count = 0;
    assert_eq!(memory.take_recorded(&mut cursors, |_| count += 1), 1500 - 1024);
    assert_eq!(count, 1024);
}
