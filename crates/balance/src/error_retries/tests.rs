//! What an upstream, a page and a client have left for retries, whatever becomes of them.

use super::*;
use proptest::prelude::*;

/// A hash of which all bits count.
fn hash(number: u64) -> u64 {
    crate::hash_key(&number.to_be_bytes())
}

fn retry(page: u64, client: u64) -> Retry {
    Retry { page: hash(page), client: hash(client + 1_000_000) }
}

#[test]
fn a_server_that_fails_next_to_others_is_covered_for_as_long_as_it_takes() {
    let retries = ErrorRetries::default();
    for number in 0..100_000 {
        let one = retry(number % 50, 1);
        assert!(retries.take(one, 5), "retry {number}");
        retries.succeeded(one, 5);
    }
    assert_eq!(retries.left(5), TOKENS);
}

#[test]
fn as_many_as_are_under_way_at_one_server_are_covered_at_once() {
    let retries = ErrorRetries::default();
    let all: Vec<_> = (0..TOKENS).map(|number| retry(1, number % 2)).collect();
    assert!(all.iter().all(|one| retries.take(*one, 5)));
    assert!(!retries.take(retry(1, 3), 5));
    all.iter().for_each(|one| retries.succeeded(*one, 5));
    assert_eq!(retries.left(5), TOKENS, "never more");
}

#[test]
fn a_broken_page_is_retried_a_few_times_in_ten_seconds_and_leaves_the_tokens_to_others() {
    let retries = ErrorRetries::default();
    let mut made = 0;
    for now in 0..60_000 {
        let one = retry(7, now % 100);
        if retries.take(one, now) {
            made += 1;
            retries.failed(one, now);
        }
    }
    assert!((10..=16).contains(&made), "{made}: twice in ten seconds, by two clients");
    assert!(retries.left(60_000) >= TOKENS - 4 && retries.take(retry(8, 1), 60_000));
}

/// By a query, a cookie or a field of its own: whatever a client provokes, others have their retries.
#[test]
fn one_client_neither_uses_up_nor_turns_off_the_retries_of_others() {
    let retries = ErrorRetries::default();
    let mut made = 0;
    for now in 0..100_000 {
        // The page that others ask for, too, and ever new ones.
        for page in [7, now + 100] {
            let hostile = retry(page, 1);
            if retries.take(hostile, now) {
                made += 1;
                retries.failed(hostile, now);
            }
        }
        let other = retry(7, 2);
        assert!(retries.take(other, now), "{now}");
        retries.succeeded(other, now);
    }
    assert!((18..=21).contains(&made), "{made}: 10 at once, then 1 in ten seconds");
    // At once, before any of them has ended.
    let retries = ErrorRetries::default();
    let under_way = (0..1000).filter(|page| retries.take(retry(*page, 1), 5)).count() as u64;
    assert_eq!((under_way, retries.left(5)), (ACCOUNT, TOKENS - ACCOUNT));
}

#[test]
fn what_failed_for_two_clients_is_not_retried_for_a_third() {
    let retries = ErrorRetries::default();
    let [one, two, three] = [1, 2, 3].map(|client| retry(7, client));
    assert!(retries.take(one, 0));
    retries.failed(one, 0);
    assert!(!retries.take(one, 0) && retries.take(two, 0));
    retries.failed(two, 0);
    assert!([one, two, three].iter().all(|one| !retries.take(*one, 9_000)));
    assert!(retries.take(three, 11_000));
}

#[test]
fn errors_of_all_pages_cost_one_retry_each_second_in_the_long_run() {
    let retries = ErrorRetries::default();
    let mut made = 0;
    for now in 0..100_000 {
        let one = retry(now, now);
        if retries.take(one, now) {
            made += 1;
            retries.failed(one, now);
        }
    }
    assert!((290..=300).contains(&made), "{made}: 200 at the start, then 1 a second");
}

#[test]
fn what_is_given_back_is_there_again() {
    let retries = ErrorRetries::default();
    for _ in 0..1000 {
        assert!(retries.take(retry(1, 1), 0));
        retries.give_back(retry(1, 1), 0);
    }
    assert_eq!(retries.left(0), TOKENS);
}

proptest! {
    /// However retries end, those that end in errors stay within the tokens.
    #[test]
    fn errors_stay_within_the_tokens(
        steps in proptest::collection::vec((0u64..400, any::<u64>(), 0u64..9, 0u8..4), 1..400),
    ) {
        let retries = ErrorRetries::default();
        let (mut now, mut failed, mut well) = (0, 0, 0);
        for (passed, page, client, how) in steps {
            now += passed;
            let one = retry(page, client);
            if !retries.take(one, now) {
                continue;
            }
            match how {
                0 => retries.give_back(one, now),
                1 => {
                    retries.succeeded(one, now);
                    well += 1;
                }
                _ => {
                    retries.failed(one, now);
                    failed += 1;
                }
            }
        }
        prop_assert!(failed <= TOKENS + well + now / 1000 + 1);
    }
}
