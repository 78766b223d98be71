//! What each policy promises, asked through the public interface.
#![allow(clippy::unwrap_used)] // a test that cannot go on may end

use proptest::prelude::*;
use tombolo_balance::{Ask, Balancer, Policy, ServerSpec, Tried, Weight, hash_key};

fn balancer(policy: Policy, weights: &[u32]) -> Balancer {
    let spec = |(n, &weight): (usize, &u32)| {
        ServerSpec::new(format!("127.0.0.1:{}", 9001 + n), Weight::new(weight).unwrap())
    };
    Balancer::new(policy, &weights.iter().enumerate().map(spec).collect::<Vec<_>>(), 4)
}

/// A request's picks, with nothing tried yet.
fn pick(balancer: &Balancer, random: u64) -> usize {
    let ask = Ask { tried: &Tried::new(), random, hash: None, preferred: None, writes: false };
    balancer.pick(&ask).unwrap()
}

fn pick_after(balancer: &Balancer, tried: &[usize]) -> Option<usize> {
    let mut set = Tried::new();
    tried.iter().for_each(|&server| set.insert(server));
    balancer.pick(&Ask { tried: &set, random: 0, hash: None, preferred: None, writes: false })
}

#[test]
fn nine_requests_reach_three_servers_three_times_each_in_turn() {
    let balancer = balancer(Policy::RoundRobin, &[1, 1, 1]);
    let picks: Vec<_> = (0..9).map(|_| pick(&balancer, 0)).collect();
    assert_eq!(picks, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[test]
fn round_robin_is_exact_over_all_threads_together() {
    let balancer = balancer(Policy::RoundRobin, &[3, 2, 1]);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let balancer = &balancer;
            scope.spawn(move || {
                for _ in 0..30_000 {
                    balancer.begin(worker, pick(balancer, 0));
                }
            });
        }
    });
    let totals: Vec<_> = (0..3).map(|server| balancer.total(server)).collect();
    assert_eq!(totals, [60_000, 40_000, 20_000]);
}

#[test]
fn a_second_pick_takes_no_turn_from_the_others() {
    let balancer = balancer(Policy::RoundRobin, &[1, 1, 1]);
    let mut first_picks = Vec::new();
    for _ in 0..9 {
        let first = pick(&balancer, 0);
        let second = pick_after(&balancer, &[first]).unwrap();
        assert_ne!(first, second);
        first_picks.push(first);
    }
    assert_eq!(first_picks, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

/// While one server refuses connections, its requests go to the others alike, and do not all fall
/// on its neighbour.
#[test]
fn the_requests_of_a_dead_server_are_shared_by_the_others() {
    for (weights, due) in
        [([1, 1, 1, 1], [2_500, 2_500, 2_500]), ([1, 1, 2, 4], [1_000, 2_000, 4_000])]
    {
        let balancer = balancer(Policy::RoundRobin, &weights);
        let mut had = [0u32; 4];
        for _ in 0..due.iter().sum::<u32>() {
            let server = match pick(&balancer, 0) {
                0 => pick_after(&balancer, &[0]).unwrap(),
                alive => alive,
            };
            had[server] += 1;
        }
        for (had, due) in had[1..].iter().zip(due) {
            assert!(had.abs_diff(due) <= 4, "weights {weights:?}: {had}, due {due}");
        }
    }
}

#[test]
fn a_heavy_server_never_gets_more_in_a_row_than_it_must() {
    let balancer = balancer(Policy::RoundRobin, &[6, 1, 1, 1]);
    let picks: Vec<_> = (0..900).map(|_| pick(&balancer, 0)).collect();
    let longest = picks.chunk_by(|a, b| a == b).map(<[_]>::len).max();
    // Six of nine turns and three others to part them: three runs of two.
    assert_eq!(longest, Some(2));
}

#[test]
fn least_requests_goes_in_turn_when_all_are_idle() {
    let balancer = balancer(Policy::LeastRequests, &[1, 1, 1]);
    let picks: Vec<_> = (0..6).map(|_| pick(&balancer, 0)).collect();
    assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn least_requests_evens_out_what_is_in_flight_by_weight() {
    let balancer = balancer(Policy::LeastRequests, &[1, 2, 5]);
    for worker in 0..4 {
        for _ in 0..20 {
            balancer.begin(worker, pick(&balancer, 0));
        }
    }
    let in_flight: Vec<_> = (0..3).map(|server| balancer.in_flight(server)).collect();
    assert_eq!(in_flight, [10, 20, 50]);
}

#[test]
fn least_requests_shares_ties_evenly_when_one_server_hangs() {
    let balancer = balancer(Policy::LeastRequests, &[1, 1, 1, 1]);
    balancer.begin(0, 1);
    for _ in 0..900 {
        let server = pick(&balancer, 0);
        balancer.begin(0, server);
        balancer.end(0, server);
    }
    assert_eq!(balancer.total(1), 1, "only the request that hangs");
    for server in [0, 2, 3] {
        assert!(balancer.total(server).abs_diff(300) <= 6, "{}", balancer.total(server));
    }
}

#[test]
fn random_and_power_of_two_follow_the_weights() {
    for policy in [Policy::Random, Policy::PowerOfTwo] {
        let balancer = balancer(policy, &[1, 2, 3, 4]);
        let mut rng = fastrand::Rng::with_seed(7);
        let mut held = std::collections::VecDeque::new();
        for _ in 0..100_000 {
            let server = pick(&balancer, rng.u64(..));
            balancer.begin(0, server);
            held.push_back(server);
            if held.len() > 400 {
                balancer.end(0, held.pop_front().unwrap());
            }
        }
        for (server, due) in [10_000u64, 20_000, 30_000, 40_000].into_iter().enumerate() {
            let had = balancer.total(server);
            assert!(had.abs_diff(due) < due / 20, "{policy}: server {server} {had}, due {due}");
        }
    }
}

/// Servers of unlike speed under one load, in steps of time: the longest queue over the run.
fn longest_queue(policy: Policy) -> u32 {
    let balancer = balancer(policy, &[1; 10]);
    let mut rng = fastrand::Rng::with_seed(42);
    let mut longest = 0;
    for _ in 0..20_000 {
        for _ in 0..9 {
            balancer.begin(0, pick(&balancer, rng.u64(..)));
        }
        for server in 0..10 {
            // Each ends one request a step on average; the last two at half that speed, and the
            // others at a bit more.
            let speed = if server < 8 { 1.05 } else { 0.55 };
            let ends = if rng.f64() < speed - 1.0 { 2 } else { u32::from(rng.f64() < speed) };
            for _ in 0..ends.min(balancer.in_flight(server)) {
                balancer.end(0, server);
            }
        }
        longest = longest.max((0..10).map(|server| balancer.in_flight(server)).max().unwrap());
    }
    longest
}

#[test]
fn power_of_two_keeps_slow_servers_from_piling_up_as_random_does() {
    let (random, two) = (longest_queue(Policy::Random), longest_queue(Policy::PowerOfTwo));
    let least = longest_queue(Policy::LeastRequests);
    assert!(two * 20 < random, "longest queue: two {two}, random {random}");
    assert!(least <= two, "longest queue: least {least}, two {two}");
}

#[test]
fn peak_ewma_leaves_a_slow_server_and_comes_back_when_it_is_quick_again() {
    let balancer = balancer(Policy::PeakEwma, &[1, 1, 1]);
    let mut rng = fastrand::Rng::with_seed(7);
    let mut share_of_first = |from_ms: u64, slow: bool| {
        let mut first = 0;
        for step in 0..1000 {
            let server = pick(&balancer, rng.u64(..));
            let micros = if server == 0 && slow { 200_000 } else { 1_000 };
            balancer.observe(server, micros, from_ms + step * 10);
            first += u32::from(server == 0);
        }
        first
    };
    assert!((250..420).contains(&share_of_first(0, false)));
    assert!(share_of_first(10_000, true) < 40);
    share_of_first(20_000, false);
    let back: Vec<u32> = (3..20).map(|ten| share_of_first(ten * 10_000, false)).collect();
    assert!(back.last().is_some_and(|last| *last > 200), "{back:?}");
}

#[test]
fn a_key_goes_to_the_same_server_whatever_the_order_of_the_list() {
    let specs: Vec<_> =
        (0..5).map(|n| ServerSpec::new(format!("app{n}:80"), Weight::default())).collect();
    let reversed: Vec<_> = specs.iter().rev().cloned().collect();
    let (one, other) =
        (Balancer::new(Policy::Hash, &specs, 1), Balancer::new(Policy::Hash, &reversed, 2));
    for key in 0..1000 {
        let hash = Some(hash_key(format!("/{key}").as_bytes()));
        let ask = Ask { tried: &Tried::new(), random: key, hash, preferred: None, writes: false };
        assert_eq!(one.key(one.pick(&ask).unwrap()), other.key(other.pick(&ask).unwrap()));
    }
}

#[test]
fn a_request_without_a_key_goes_round_robin_under_hash() {
    let balancer = balancer(Policy::Hash, &[1, 1, 1]);
    let picks: Vec<_> = (0..6).map(|_| pick(&balancer, 0)).collect();
    assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_sticky_cookie_decides_under_every_policy_until_its_server_was_tried() {
    for policy in Policy::ALL {
        let balancer = balancer(policy, &[1, 5, 1]);
        let preferred = balancer.sticky(balancer.sticky_value(2).as_bytes());
        assert_eq!(preferred, Some(2));
        let mut tried = Tried::new();
        for random in 0..20 {
            let ask = Ask { tried: &tried, random, hash: Some(random), preferred, writes: false };
            assert_eq!(balancer.pick(&ask), Some(2), "{policy}");
        }
        tried.insert(2);
        let ask = Ask { tried: &tried, random: 1, hash: Some(1), preferred, writes: false };
        assert!(matches!(balancer.pick(&ask), Some(0 | 1)), "{policy}");
    }
}

#[test]
fn a_sticky_token_is_for_ever_and_does_not_show_the_address() {
    let balancer = balancer(Policy::RoundRobin, &[1, 1]);
    assert_eq!(balancer.sticky_value(0), "031d5a60ee69db0b");
    assert!(!balancer.sticky_value(0).contains("9001"));
    assert_eq!(balancer.sticky(b""), None);
    assert_eq!(balancer.sticky(b"127.0.0.1:9001"), None);
}

#[test]
fn a_preference_that_does_not_exist_is_passed_over() {
    let balancer = balancer(Policy::RoundRobin, &[1, 1]);
    let ask =
        Ask { tried: &Tried::new(), random: 0, hash: None, preferred: Some(2), writes: false };
    assert_eq!(balancer.pick(&ask), Some(0));
}

#[test]
fn without_servers_there_is_no_choice() {
    for policy in Policy::ALL {
        let balancer = Balancer::new(policy, &[], 0);
        let ask = Ask {
            tried: &Tried::new(),
            random: 9,
            hash: Some(9),
            preferred: Some(0),
            writes: false,
        };
        assert_eq!(balancer.pick(&ask), None, "{policy}");
        assert!(balancer.is_empty());
    }
}

#[test]
fn the_largest_upstream_is_bounded() {
    let spec = |n: u32| ServerSpec::new(format!("h{n}:1"), Weight::new(1 + n % 2).unwrap());
    let balancer = Balancer::new(Policy::RoundRobin, &(0..5000).map(spec).collect::<Vec<_>>(), 2);
    assert_eq!(balancer.len(), 4096);
    assert!((0..20_000).all(|_| pick(&balancer, 0) < 4096));
}

fn any_policy() -> impl Strategy<Value = Policy> {
    prop::sample::select(Policy::ALL.to_vec())
}

proptest! {
    /// A request that fails everywhere goes to each server once, in some order, and then nowhere.
    #[test]
    fn no_server_is_tried_twice_and_none_is_left_out(
        policy in any_policy(),
        weights in proptest::collection::vec(1u32..=1000, 1..90),
        busy in proptest::collection::vec(0usize..90, 0..40),
        hash in any::<Option<u64>>(),
        preferred in proptest::option::of(0usize..100),
        seed in any::<u64>(),
    ) {
        let balancer = balancer(policy, &weights);
        busy.iter().for_each(|&server| balancer.begin(server % 4, server));
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut tried = Tried::new();
        for round in 0..weights.len() {
            let ask = Ask { tried: &tried, random: rng.u64(..), hash, preferred, writes: false };
            let server = balancer.pick(&ask);
            prop_assert!(server.is_some(), "none in round {} of {}", round, weights.len());
            let server = server.unwrap();
            prop_assert!(server < weights.len() && !tried.contains(server));
            tried.insert(server);
        }
        let ask = Ask { tried: &tried, random: rng.u64(..), hash, preferred, writes: false };
        prop_assert_eq!(balancer.pick(&ask), None);
    }

    /// Over whole periods of the schedule every server gets exactly its weight.
    #[test]
    fn round_robin_gives_exactly_the_weights(
        weights in proptest::collection::vec(1u32..=30, 1..10),
    ) {
        let balancer = balancer(Policy::RoundRobin, &weights);
        let mut had = vec![0u32; weights.len()];
        (0..weights.iter().sum()).for_each(|_: u32| had[pick(&balancer, 0)] += 1);
        prop_assert_eq!(had, weights);
    }
}

/// A reload must not make a busy server look idle, nor begin every turn at the first server.
#[test]
fn a_balancer_that_takes_anothers_place_goes_on_where_it_was() {
    let spec = |key: &str| ServerSpec::new(key, Weight::MIN);
    let before = Balancer::new(Policy::RoundRobin, &["a", "b", "c"].map(spec), 2);
    let picks: Vec<_> = (0..4).map(|_| pick(&before, 0)).collect();
    assert_eq!(picks, [0, 1, 2, 0]);
    for server in [0, 1, 1] {
        before.begin(1, server);
    }
    // "a" goes with its request under way, "d" comes, the order is another.
    let after = Balancer::succeeding(Policy::LeastRequests, &["d", "c", "b"].map(spec), &before);
    let counts = |of: &dyn Fn(usize) -> u64| [0, 1, 2].map(of);
    assert_eq!(counts(&|server| u64::from(after.in_flight(server))), [0, 0, 2]);
    assert_eq!(counts(&|server| after.total(server)), [0, 0, 2]);
    assert!((0..6).all(|_| pick(&after, 0) != 2), "the busy one is not asked");
    before.end(1, 1);
    assert_eq!(after.in_flight(2), 1, "what began before the change ends after it");
    let same = Balancer::succeeding(Policy::RoundRobin, &["a", "b", "c"].map(spec), &before);
    assert_eq!(pick(&same, 0), 1, "turns go on");
}
