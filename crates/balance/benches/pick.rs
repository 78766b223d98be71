//! What one choice costs: `cargo bench -p tombolo-balance`. Prints nanoseconds per pick, the best
//! of several rounds (the least disturbed one), on one thread and, for round robin, on several.

use std::hint::black_box;
use std::time::Instant;

use tombolo_balance::{Ask, Balancer, Policy, ServerSpec, Tried, Weight};

const PICKS: u32 = 200_000;
const ROUNDS: u32 = 15;

fn main() {
    println!("{:<16}{:>9}{:>9}{:>14}", "policy", "servers", "weights", "ns per pick");
    for policy in Policy::ALL {
        for servers in [3, 16, 100] {
            for weighted in [false, true] {
                let balancer = balancer(policy, servers, weighted);
                let weights = if weighted { "1..=5" } else { "alike" };
                println!("{policy:<16}{servers:>9}{weights:>9}{:>14.1}", one_thread(&balancer));
            }
        }
    }
    for threads in [2, 4] {
        let balancer = balancer(Policy::RoundRobin, 3, false);
        let took = many_threads(&balancer, threads);
        println!(
            "round-robin, 3 servers, {threads} threads picking at once: {took:.1} ns per pick"
        );
    }
}

fn balancer(policy: Policy, servers: u32, weighted: bool) -> Balancer {
    let weight = |n| if weighted { Weight::new(1 + n % 5) } else { None }.unwrap_or_default();
    let spec = |n| ServerSpec::new(format!("10.0.0.{n}:8080"), weight(n));
    Balancer::new(policy, &(0..servers).map(spec).collect::<Vec<_>>(), 4)
}

fn picks(balancer: &Balancer, worker: usize) -> f64 {
    let mut rng = fastrand::Rng::with_seed(worker as u64);
    let tried = Tried::new();
    let start = Instant::now();
    for _ in 0..PICKS {
        let random = rng.u64(..);
        let ask = Ask { tried: &tried, random, hash: Some(random), preferred: None, writes: false };
        black_box(balancer.pick(black_box(&ask)));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(PICKS)
}

fn one_thread(balancer: &Balancer) -> f64 {
    (0..ROUNDS).map(|_| picks(balancer, 0)).fold(f64::INFINITY, f64::min)
}

fn many_threads(balancer: &Balancer, threads: usize) -> f64 {
    std::thread::scope(|scope| {
        let run = |worker| scope.spawn(move || picks(balancer, worker));
        let running: Vec<_> = (0..threads).map(run).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).fold(0.0, f64::max)
    })
}
