//! What closed and half-open gates do to each policy's choice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on may end

use proptest::prelude::*;
use std::sync::Arc;
use tombolo_balance::{Ask, Balancer, Gate, Policy, ServerSpec, Standing, Tried, Weight, hash_key};

struct Servers {
    balancer: Balancer,
    gates: Vec<Arc<Gate>>,
}

fn servers(policy: Policy, weights: &[u32]) -> Servers {
    let gates: Vec<Arc<Gate>> = weights.iter().map(|_| Arc::default()).collect();
    let specs: Vec<ServerSpec> = weights
        .iter()
        .zip(&gates)
        .enumerate()
        .map(|(n, (&weight, gate))| {
            let spec = ServerSpec::new(format!("10.0.0.{n}:80"), Weight::new(weight).unwrap());
            spec.behind(Arc::clone(gate))
        })
        .collect();
    Servers { balancer: Balancer::new(policy, &specs, 1), gates }
}

impl Servers {
    /// How the picks of so many requests, each with a key of its own, fall on the servers.
    fn spread(&self, requests: u64) -> Vec<u64> {
        let mut rng = fastrand::Rng::with_seed(11);
        let mut had = vec![0; self.gates.len()];
        let mut held = std::collections::VecDeque::new();
        for request in 0..requests {
            let hash = Some(hash_key(&request.to_le_bytes()));
            let ask = Ask {
                tried: &Tried::new(),
                random: rng.u64(..),
                hash,
                preferred: None,
                writes: false,
            };
            let server = self.balancer.pick(&ask).unwrap();
            had[server] += 1;
            self.balancer.begin(0, server);
            held.push_back(server);
            if held.len() > 40 {
                self.balancer.end(0, held.pop_front().unwrap());
            }
        }
        had
    }

    fn pick(&self, random: u64, preferred: Option<usize>) -> Option<usize> {
        self.balancer.pick(&Ask {
            tried: &Tried::new(),
            random,
            hash: None,
            preferred,
            writes: false,
        })
    }
}

#[test]
fn a_closed_server_gets_nothing_and_the_others_keep_their_shares() {
    for policy in Policy::ALL {
        let servers = servers(policy, &[3, 1, 2]);
        servers.gates[0].set(Standing::Closed);
        let had = servers.spread(30_000);
        assert_eq!(had[0], 0, "{policy}");
        assert!(had[1].abs_diff(10_000) < 500, "{policy}: {had:?}");
    }
}

#[test]
fn round_robin_stays_exact_over_those_left() {
    let servers = servers(Policy::RoundRobin, &[1, 1, 1, 1]);
    servers.gates[2].set(Standing::Closed);
    let had = servers.spread(4_000);
    assert_eq!(had[2], 0);
    for server in [0, 1, 3] {
        assert!(had[server].abs_diff(1_333) <= 4, "{had:?}");
    }
}

#[test]
fn a_share_is_kept_by_every_policy() {
    for policy in [Policy::RoundRobin, Policy::Random, Policy::Hash] {
        let servers = servers(policy, &[1, 1]);
        servers.gates[0].set(Standing::Open(200));
        // A fifth of its half; what it is not given goes to the other.
        let had = servers.spread(20_000);
        assert!(had[0].abs_diff(2_000) < 250, "{policy}: {had:?}");
    }
    for policy in [Policy::LeastRequests, Policy::PowerOfTwo] {
        let servers = servers(policy, &[1, 1]);
        servers.gates[0].set(Standing::Open(200));
        let had = servers.spread(20_000);
        assert!((500..4_600).contains(&had[0]), "{policy}: {had:?}");
    }
}

#[test]
fn a_share_that_grows_draws_keys_in_and_moves_none_back() {
    let servers = servers(Policy::Hash, &[1, 1, 1]);
    let pick = |key: u64| {
        let ask = Ask {
            tried: &Tried::new(),
            random: 0,
            hash: Some(key),
            preferred: None,
            writes: false,
        };
        servers.balancer.pick(&ask).unwrap()
    };
    let mut before: Vec<usize> = Vec::new();
    for share in [0, 100, 400, 800, 1000] {
        servers.gates[1].set(Standing::Open(share));
        let now: Vec<usize> = (0..2_000).map(pick).collect();
        for (was, is) in before.iter().zip(&now) {
            assert!(was == is || *is == 1, "a key moved from {was} to {is}");
        }
        before = now;
    }
}

#[test]
fn a_client_leaves_a_closed_server_and_stays_with_one_that_has_just_come_back() {
    for policy in Policy::ALL {
        let servers = servers(policy, &[1, 1, 1]);
        servers.gates[1].set(Standing::Closed);
        assert!((0..50).all(|random| servers.pick(random, Some(1)) != Some(1)), "{policy}");
        servers.gates[1].set(Standing::Open(1));
        assert!((0..50).all(|random| servers.pick(random, Some(1)) == Some(1)), "{policy}");
    }
}

#[test]
fn with_all_down_all_are_tried_and_those_in_reserve_before() {
    for policy in Policy::ALL {
        let servers = servers(policy, &[1, 1, 1]);
        servers.gates.iter().for_each(|gate| gate.set(Standing::Closed));
        assert!(servers.spread(3_000).iter().all(|had| *had > 500), "{policy}");
        servers.gates[1].set(Standing::Reserve);
        assert_eq!(servers.spread(30), [0, 30, 0], "{policy}");
        servers.gates[2].set(Standing::Open(1000));
        assert_eq!(servers.spread(30), [0, 0, 30], "{policy}");
    }
}

#[test]
fn a_server_being_probed_gets_so_many_requests_and_no_more() {
    for policy in Policy::ALL {
        let servers = servers(policy, &[1, 1, 1]);
        servers.gates[0].set(Standing::Probing(3));
        assert_eq!(servers.spread(3_000)[0], 3, "{policy}");
        assert_eq!(servers.balancer.standing(0), Standing::Probing(0));
    }
}

#[test]
fn a_server_that_starts_slowly_gives_nothing_to_those_that_are_not_up() {
    for policy in Policy::ALL {
        for others in [Standing::Reserve, Standing::Closed] {
            let servers = servers(policy, &[1, 3, 3]);
            servers.gates[0].set(Standing::Open(100));
            servers.gates[1].set(others);
            servers.gates[2].set(others);
            assert_eq!(servers.spread(500), [500, 0, 0], "{policy}, {others:?}");
        }
    }
}

/// Any state that a gate can be in.
fn any_standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Open(Standing::FULL)),
        (1..Standing::FULL).prop_map(Standing::Open),
        (0u16..4).prop_map(Standing::Probing),
        Just(Standing::Reserve),
        Just(Standing::Closed),
    ]
}

proptest! {
    /// Whatever the policy, the states, the weights and where a request has been: it goes to no
    /// server that is not open while one is, and to none that is closed while one is in reserve.
    #[test]
    fn no_pick_of_a_closed_gate_while_one_is_open(
        policy in prop::sample::select(Policy::ALL.to_vec()),
        states in proptest::collection::vec((any_standing(), 1u32..=9, any::<bool>()), 1..12),
        preferred in proptest::option::of(0usize..12),
        has_key in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let weights: Vec<u32> = states.iter().map(|(_, weight, _)| *weight).collect();
        let servers = servers(policy, &weights);
        let mut tried = Tried::new();
        for (index, (standing, _, is_tried)) in states.iter().enumerate() {
            servers.gates[index].set(*standing);
            if *is_tried {
                tried.insert(index);
            }
        }
        let rank = |standing: Standing| match standing {
            Standing::Open(_) | Standing::Probing(1..) => 0,
            Standing::Reserve => 1,
            Standing::Probing(0) | Standing::Closed => 2,
        };
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..40 {
            let left = (0..states.len()).filter(|index| !tried.contains(*index));
            // Probes are used up meanwhile, so each pick has its own best.
            let standings: Vec<Standing> =
                (0..states.len()).map(|index| servers.balancer.standing(index)).collect();
            let best = left.map(|index| rank(standings[index])).min();
            let hash = has_key.then(|| rng.u64(..));
            let ask = Ask { tried: &tried, random: rng.u64(..), hash, preferred, writes: false };
            let picked = servers.balancer.pick(&ask);
            prop_assert_eq!(picked.map(|index| rank(standings[index])), best);
            prop_assert!(picked.is_none_or(|index| !tried.contains(index)));
        }
    }
}

proptest! {
    /// However gates stand, a request that fails everywhere goes to each server once, and to those
    /// that are open first.
    #[test]
    fn closed_servers_come_last_and_none_is_left_out(
        policy in prop::sample::select(Policy::ALL.to_vec()),
        standings in proptest::collection::vec(
            prop::sample::select(vec![
                Standing::Open(1000), Standing::Reserve, Standing::Closed,
            ]),
            1..20,
        ),
        seed in any::<u64>(),
    ) {
        let servers = servers(policy, &vec![1; standings.len()]);
        for (gate, standing) in servers.gates.iter().zip(&standings) {
            gate.set(*standing);
        }
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut tried, mut order) = (Tried::new(), Vec::new());
        for _ in &standings {
            let hash = Some(rng.u64(..));
            let ask = Ask { tried: &tried, random: rng.u64(..), hash, preferred: None, writes: false };
            let server = servers.balancer.pick(&ask).unwrap();
            prop_assert!(!tried.contains(server));
            tried.insert(server);
            order.push(standings[server]);
        }
        let rank = |standing: &Standing| match standing {
            Standing::Open(_) => 0,
            Standing::Reserve => 1,
            _ => 2,
        };
        // The passes are one after the other but for the last, which takes whoever is left.
        let opens = standings.iter().filter(|one| rank(one) == 0).count();
        prop_assert!(order.iter().take(opens).all(|one| rank(one) == 0));
        prop_assert!(order.is_sorted_by_key(rank));
    }
}
