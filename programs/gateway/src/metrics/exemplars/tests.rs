//! The newest request of each bucket and route, by ids that fit.

use super::*;
use crate::control_plane::Snapshot;
use crate::recent::{Names, Note};
use std::sync::Arc;
use tombolo_daemon::config::{Overrides, builtin_gateway};

fn names() -> Arc<Names> {
    let upstreams = vec!["127.0.0.1:9001".parse().unwrap()];
    let config = builtin_gateway(&Overrides { upstreams, ..Overrides::default() }).unwrap();
    Arc::clone(&Snapshot::new(config, Default::default(), 1, None).names)
}

/// A request that came in the second `came` and took so many milliseconds.
fn note(id: &str, came: u64, took_millis: u64) -> Note<'_> {
    Note {
        unix_millis: came * 1000,
        duration_micros: took_millis * 1000,
        asked_micros: None,
        upstream_micros: None,
        spent: crate::timing::Spent::default(),
        status: 200,
        bytes_in: 0,
        bytes_out: 0,
        route: Some(0),
        upstream: None,
        backend: None,
        attempts: 0,
        client: "192.0.2.7:4711".parse().unwrap(),
        is_http10: false,
        request_id: id.as_bytes(),
        method: b"GET",
        host: b"x",
        target: b"/",
        cache: None,
        reason: None,
        not_stored: None,
        varies_by: b"",
        error: None,
        failures: &[],
        traced: None,
    }
}

fn id(exemplars: &Exemplars, route: &str, took_millis: u64) -> Option<String> {
    let found = exemplars.get(route, bucket(took_millis * 1000))?;
    let (name, value) = found.labels.first()?;
    assert_eq!(*name, "request_id");
    Some(value.clone())
}

#[test]
fn each_bucket_of_a_route_has_its_newest() {
    let (memory, names) = (Memory::new(2, 16, false), names());
    memory.lane(0).note(&note("slow", 10, 2000), &names);
    memory.lane(0).note(&note("old", 11, 20), &names);
    memory.lane(0).note(&note("new", 13, 20), &names);
    memory.lane(1).note(&note("between", 12, 20), &names);
    memory.lane(1).note(&Note { route: None, ..note("nowhere", 14, 20) }, &names);
    let exemplars = Exemplars::of(&memory);
    assert_eq!(id(&exemplars, "/", 20).as_deref(), Some("new"));
    assert_eq!(id(&exemplars, "/", 2000).as_deref(), Some("slow"));
    assert_eq!(id(&exemplars, "(none)", 20).as_deref(), Some("nowhere"));
    assert_eq!(id(&exemplars, "/", 1), None, "none was that fast");
    let slow = exemplars.get("/", bucket(2_000_000)).unwrap();
    assert_eq!((slow.micros, slow.ended_micros), (2_000_000, 12_000_000));
}

#[test]
fn what_is_forgotten_stands_for_nothing() {
    let (memory, names) = (Memory::new(1, 2, false), names());
    for (name, took) in [("slow", 2000), ("one", 20), ("two", 20)] {
        memory.lane(0).note(&note(name, 10, took), &names);
    }
    let exemplars = Exemplars::of(&memory);
    assert_eq!(id(&exemplars, "/", 2000), None);
    assert_eq!(id(&exemplars, "/", 20).as_deref(), Some("two"));
}

/// Whoever remembers a million requests does not wait for them at every scrape.
#[test]
fn only_the_newest_are_looked_at() {
    let (memory, names) = (Memory::new(1, 5000, false), names());
    memory.lane(0).note(&note("slow", 10, 2000), &names);
    for _ in 0..4095 {
        memory.lane(0).note(&note("fast", 10, 20), &names);
    }
    assert_eq!(id(&Exemplars::of(&memory), "/", 2000).as_deref(), Some("slow"));
    memory.lane(0).note(&note("fast", 10, 20), &names);
    assert_eq!(id(&Exemplars::of(&memory), "/", 2000), None);
}

#[test]
fn one_with_an_error_is_kept_longer() {
    let (memory, names) = (Memory::new(1, 2, false), names());
    memory.lane(0).note(&Note { status: 504, ..note("late", 9, 2000) }, &names);
    for name in ["one", "two", "three"] {
        memory.lane(0).note(&note(name, 10, 20), &names);
    }
    assert_eq!(id(&Exemplars::of(&memory), "/", 2000).as_deref(), Some("late"));
}

#[test]
fn a_recorded_trace_goes_before_a_newer_request_without() {
    let (memory, names) = (Memory::new(1, 16, true), names());
    let traced = Some(Traced { trace: 0xa1, span: 0xb2, parent: 0 });
    memory.lane(0).note(&Note { traced, ..note("traced", 10, 20) }, &names);
    memory.lane(0).note(&note("newer", 11, 20), &names);
    memory.lane(0).note(&note("traced", 12, 20), &names);
    let exemplars = Exemplars::of(&memory);
    let found = exemplars.get("/", bucket(20_000)).unwrap();
    let told: Vec<String> =
        found.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let (trace, span) = (format!("trace_id={:0>32}", "a1"), format!("span_id={:0>16}", "b2"));
    assert_eq!(told, ["request_id=traced".to_owned(), trace, span]);
    assert_eq!(found.ended_micros, 10_020_000, "not that of another with the same id");
}

/// OpenMetrics allows 128 characters, and a trusted hop's id may be as long by itself.
#[test]
fn labels_are_as_many_as_fit() {
    let traced = Some(Traced { trace: 1, span: 2, parent: 0 });
    for (length, names) in [
        (36, &["request_id", "trace_id", "span_id"][..]),
        (55, &["request_id", "trace_id", "span_id"]),
        (56, &["request_id", "trace_id"]),
        (78, &["request_id", "trace_id"]),
        (79, &["request_id"]),
        (118, &["request_id"]),
        (119, &["trace_id", "span_id"]),
    ] {
        let labels = labels("x".repeat(length), traced);
        let told: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        assert_eq!(told, names, "{length}");
        let sum: usize = labels.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(sum <= LABELS, "{length}: {sum}");
    }
    assert!(labels("x".repeat(119), None).is_empty());
    assert!(labels("a\"b".to_owned(), None).is_empty());
}
