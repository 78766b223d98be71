//! Instruction counts of one choice, the same on every run (callgrind): each policy among three
//! servers alike, as most have it, and among sixteen of different weights. Each case has a limit
//! about 10 % above what was counted when it was set; going over it fails the run. What a choice
//! takes in time is measured by `pick.rs`.
#![allow(missing_docs, unused_qualifications, reason = "the harness generates the items")]

use std::hint::black_box;

use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use tombolo_balance::{Ask, Balancer, Policy, ServerSpec, Tried, Weight};

/// Any number does: every run has the same.
const RANDOM: u64 = 0x9e37_79b9_7f4a_7c15;

/// At most this many instructions.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    config.tool(callgrind);
    config
}

/// A balancer that has chosen before.
fn balancer(policy: Policy, servers: u32, heaviest: u32) -> Balancer {
    let weight = |n: u32| Weight::new(1 + n % heaviest).unwrap_or_default();
    let spec = |n| ServerSpec::new(format!("10.0.0.{n}:8080"), weight(n));
    let balancer = Balancer::new(policy, &(0..servers).map(spec).collect::<Vec<_>>(), 4);
    choose(&balancer);
    balancer
}

fn three(policy: Policy) -> Box<Balancer> {
    Box::new(balancer(policy, 3, 1))
}

fn sixteen(policy: Policy) -> Box<Balancer> {
    Box::new(balancer(policy, 16, 5))
}

#[inline]
fn choose(balancer: &Balancer) -> Option<usize> {
    let tried = Tried::new();
    let ask =
        Ask { tried: &tried, random: RANDOM, hash: Some(RANDOM), preferred: None, writes: false };
    balancer.pick(black_box(&ask))
}

#[library_benchmark]
#[bench::round_robin(args = (Policy::RoundRobin), setup = three, config = at_most(152))]
#[bench::least_requests(args = (Policy::LeastRequests), setup = three, config = at_most(645))]
#[bench::power_of_two(args = (Policy::PowerOfTwo), setup = three, config = at_most(489))]
#[bench::peak_ewma(args = (Policy::PeakEwma), setup = three, config = at_most(655))]
#[bench::random(args = (Policy::Random), setup = three, config = at_most(177))]
#[bench::hash(args = (Policy::Hash), setup = three, config = at_most(302))]
fn of_three_alike(balancer: Box<Balancer>) -> (Box<Balancer>, Option<usize>) {
    let chosen = choose(&balancer);
    (balancer, chosen)
}

#[library_benchmark]
#[bench::round_robin(args = (Policy::RoundRobin), setup = sixteen, config = at_most(152))]
#[bench::least_requests(args = (Policy::LeastRequests), setup = sixteen, config = at_most(2_290))]
#[bench::power_of_two(args = (Policy::PowerOfTwo), setup = sixteen, config = at_most(529))]
#[bench::peak_ewma(args = (Policy::PeakEwma), setup = sixteen, config = at_most(695))]
#[bench::random(args = (Policy::Random), setup = sixteen, config = at_most(196))]
#[bench::hash(args = (Policy::Hash), setup = sixteen, config = at_most(1_705))]
fn of_sixteen_weighted(balancer: Box<Balancer>) -> (Box<Balancer>, Option<usize>) {
    let chosen = choose(&balancer);
    (balancer, chosen)
}

library_benchmark_group!(name = choice, benchmarks = [of_three_alike, of_sixteen_weighted]);

main!(library_benchmark_groups = choice);
