//! Given a stored response, when a request comes, then this verdict; by clause.

use proptest::prelude::*;

use super::*;

/// Stored at second 1000 with an age of 0.
fn stored(lifetime: u32) -> Metadata {
    Metadata {
        status: 200,
        lifetime,
        response_time: Timestamp::from_secs(1000),
        request_time: Timestamp::from_secs(1000),
        ..Metadata::default()
    }
}

fn asked(cache_control: &str) -> RequestDirectives {
    let mut directives = RequestDirectives::default();
    directives.read_line(cache_control.as_bytes());
    directives
}

/// Verdict `after` seconds in the cache.
fn verdict(meta: Metadata, cache_control: &str, after: i64) -> Verdict {
    marked(meta, cache_control, Mark::None, after)
}

fn marked(meta: Metadata, cache_control: &str, mark: Mark, after: i64) -> Verdict {
    let now = Timestamp::from_secs(1000 + after);
    judge(&asked(cache_control), &meta, mark, &Policy::default(), now).verdict
}

fn revalidate(why: Why) -> Verdict {
    Verdict::Revalidate { why, if_error: false }
}

#[test]
fn rfc9111_4_2_fresh_until_the_age_reaches_the_lifetime() {
    assert_eq!(verdict(stored(10), "", 9), Verdict::Fresh);
    assert_eq!(verdict(stored(10), "", 10), revalidate(Why::Stale));
    assert_eq!(verdict(stored(0), "", 0), revalidate(Why::Stale));
    let aged = Metadata { initial_age_ms: 8_000, ..stored(10) };
    assert_eq!(verdict(aged, "", 1), Verdict::Fresh);
    assert_eq!(verdict(aged, "", 2), revalidate(Why::Stale));
}

#[test]
fn rfc9111_5_1_age_and_ttl_are_told() {
    let now = Timestamp::from_millis(1_003_900);
    let found = judge(&asked(""), &stored(10), Mark::None, &Policy::default(), now);
    assert_eq!((found.age, found.ttl), (3, 6));
    let later = Timestamp::from_secs(1013);
    assert_eq!(judge(&asked(""), &stored(10), Mark::None, &Policy::default(), later).ttl, -3);
}

#[test]
fn rfc9111_5_2_1_1_request_max_age() {
    assert_eq!(verdict(stored(10), "max-age=5", 5), Verdict::Fresh);
    assert_eq!(verdict(stored(10), "max-age=5", 6), revalidate(Why::RequestMaxAge));
    assert_eq!(verdict(stored(10), "max-age=0", 0), revalidate(Why::RequestMaxAge));
    assert_eq!(verdict(stored(10), "max-age=50", 10), revalidate(Why::Stale));
}

#[test]
fn rfc9111_5_2_1_2_request_max_stale() {
    assert_eq!(verdict(stored(10), "max-stale=5", 15), Verdict::Stale(Staleness::MaxStale));
    assert_eq!(verdict(stored(10), "max-stale=5", 16), revalidate(Why::Stale));
    assert_eq!(verdict(stored(10), "max-stale", 9_999), Verdict::Stale(Staleness::MaxStale));
    assert_eq!(verdict(stored(10), "max-age=5, max-stale", 6), revalidate(Why::RequestMaxAge));
}

#[test]
fn rfc9111_5_2_1_3_request_min_fresh() {
    assert_eq!(verdict(stored(10), "min-fresh=5", 5), Verdict::Fresh);
    assert_eq!(verdict(stored(10), "min-fresh=5", 6), revalidate(Why::RequestMinFresh));
}

#[test]
fn rfc9111_5_2_1_4_request_no_cache() {
    assert_eq!(verdict(stored(10), "no-cache", 0), revalidate(Why::RequestNoCache));
}

#[test]
fn rfc9111_5_2_1_5_request_no_store_may_be_answered_from_the_cache() {
    assert_eq!(verdict(stored(10), "no-store", 0), Verdict::Fresh);
}

#[test]
fn rfc9111_5_2_1_7_only_if_cached() {
    assert_eq!(verdict(stored(10), "only-if-cached", 0), Verdict::Fresh);
    assert_eq!(verdict(stored(10), "only-if-cached", 10), Verdict::Unsatisfiable(Why::Stale));
    let stale = verdict(stored(10), "only-if-cached, max-stale", 10);
    assert_eq!(stale, Verdict::Stale(Staleness::MaxStale));
}

#[test]
fn rfc9111_5_2_2_4_no_cache_is_validated_each_time() {
    let meta = Metadata { no_cache: true, stale_while_revalidate: 99, ..stored(10) };
    assert_eq!(verdict(meta, "max-stale", 0), revalidate(Why::ResponseNoCache));
    let meta = Metadata { stale_if_error: 99, ..meta };
    assert_eq!(verdict(meta, "stale-if-error=9", 0), revalidate(Why::ResponseNoCache));
}

#[test]
fn rfc9111_4_2_4_must_revalidate_forbids_all_staleness() {
    let meta = Metadata {
        must_revalidate: true,
        stale_while_revalidate: 99,
        stale_if_error: 99,
        ..stored(10)
    };
    assert_eq!(verdict(meta, "", 9), Verdict::Fresh);
    assert_eq!(verdict(meta, "max-stale", 10), revalidate(Why::MustRevalidate));
    assert_eq!(verdict(meta, "stale-if-error=9", 10), revalidate(Why::MustRevalidate));
    let soft = marked(meta, "", Mark::Stale(Timestamp::from_secs(1001)), 2);
    assert_eq!(soft, revalidate(Why::MustRevalidate));
}

#[test]
fn rfc5861_3_stale_while_revalidate() {
    let meta = Metadata { stale_while_revalidate: 5, ..stored(10) };
    assert_eq!(verdict(meta, "", 10), Verdict::Stale(Staleness::WhileRevalidate));
    assert_eq!(verdict(meta, "", 15), Verdict::Stale(Staleness::WhileRevalidate));
    assert_eq!(verdict(meta, "", 16), revalidate(Why::Stale));
    assert_eq!(verdict(meta, "max-age=5", 11), revalidate(Why::RequestMaxAge));
}

#[test]
fn rfc5861_4_stale_if_error_by_response_or_request() {
    let may = |if_error| Verdict::Revalidate { why: Why::Stale, if_error };
    let meta = Metadata { stale_if_error: 5, ..stored(10) };
    assert_eq!(verdict(meta, "", 15), may(true));
    assert_eq!(verdict(meta, "", 16), may(false));
    assert_eq!(verdict(stored(10), "stale-if-error=5", 15), may(true));
    assert_eq!(verdict(stored(10), "", 10), may(false));
}

#[test]
fn soft_purge_makes_stale_and_keeps_for_a_while() {
    let mark = Mark::Stale(Timestamp::from_secs(1002));
    assert_eq!(marked(stored(10), "", mark, 3), Verdict::Stale(Staleness::SoftPurge));
    assert_eq!(marked(stored(900), "", mark, 2 + 301), revalidate(Why::Stale));
    assert_eq!(marked(stored(10), "no-cache", mark, 3), revalidate(Why::RequestNoCache));
}

fn any_metadata() -> impl Strategy<Value = Metadata> {
    let numbers = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u64>());
    (numbers, any::<i64>(), any::<bool>(), any::<bool>()).prop_map(
        |((lifetime, swr, sie, initial_age_ms), time, no_cache, must_revalidate)| Metadata {
            status: 200,
            lifetime,
            stale_while_revalidate: swr,
            stale_if_error: sie,
            initial_age_ms,
            response_time: Timestamp::from_millis(time),
            no_cache,
            must_revalidate,
            ..Metadata::default()
        },
    )
}

proptest! {
    #[test]
    fn never_fresh_past_the_lifetime(
        meta in any_metadata(),
        directives in "[a-z=,0-9\" -]{0,40}",
        now in any::<i64>(),
        mark in proptest::option::of(any::<i64>()),
    ) {
        let now = Timestamp::from_millis(now);
        let mark = mark.map_or(Mark::None, |at| Mark::Stale(Timestamp::from_millis(at)));
        let found = judge(&asked(&directives), &meta, mark, &Policy::default(), now);
        let age_ms = current_age_ms(&meta, now);
        if found.verdict == Verdict::Fresh {
            prop_assert!(age_ms < u64::from(meta.lifetime) * 1000);
            prop_assert!(!meta.no_cache && mark == Mark::None);
        }
        if matches!(found.verdict, Verdict::Stale(_)) {
            prop_assert!(!meta.no_cache && !meta.must_revalidate);
        }
        if let Verdict::Revalidate { if_error: true, .. } = found.verdict {
            prop_assert!(!meta.no_cache && !meta.must_revalidate);
        }
        prop_assert!(u64::from(found.age) <= age_ms / 1000);
    }
}

/// What may have been changed is not used before it is validated, whatever a request takes and an
/// origin allows.
#[test]
fn what_is_doubtful_is_validated_first() {
    let mark = Mark::Doubtful(Timestamp::from_secs(1001));
    let lenient = Metadata { stale_while_revalidate: 90, stale_if_error: 90, ..stored(10) };
    for asked in ["", "max-stale", "stale-if-error=90"] {
        assert_eq!(marked(lenient, asked, mark, 2), revalidate(Why::MustRevalidate));
    }
    let only = marked(lenient, "only-if-cached", mark, 2);
    assert_eq!(only, Verdict::Unsatisfiable(Why::MustRevalidate));
}
