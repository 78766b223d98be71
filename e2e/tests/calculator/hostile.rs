//! Clients that want too much: their own requests are refused, and nobody else notices.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tombolo_e2e::{Chance, Figures, eventually};

use crate::replica::{Talk, replica};

/// The most that one evaluator may hold, with the program itself.
const EVALUATOR_BYTES: u64 = (128 + 40) << 20;

/// Expressions that would take hours, gigabytes, or the stack.
fn greedy() -> Vec<String> {
    let mut all: Vec<String> = [
        "9^9^9^9",
        "2^(2^40)",
        "100000!",
        "d1000000000",
        "1000d1000",
        "fib 10000000",
        "exp(1e6)",
        "2^100000000 / 3^1000000",
        "10^-1000000",
        "1/(10^200000+1) to 100000 dp",
        "2^0.5^0.5^0.5",
    ]
    .map(str::to_owned)
    .into();
    all.extend([
        format!("{}1 km", "1+".repeat(1900)),
        format!("{}1", "-".repeat(3900)),
        format!("{}2", "sqrt ".repeat(700)),
        format!("{}1", "2^".repeat(1500)),
        format!("{}1", "x:".repeat(1500)),
        format!("{}1", "2**".repeat(1200)),
        format!("{}2", "1 km ".repeat(700)),
    ]);
    all
}

/// The evaluators of a replica, by their process numbers.
fn evaluators(replica: u32) -> Vec<u32> {
    let children = format!("/proc/{replica}/task");
    let tasks = std::fs::read_dir(children).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

/// The most memory a process ever held.
fn peak_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[test]
fn each_greedy_expression_is_refused_in_time_and_the_next_is_answered() {
    let replica = replica("calculator-1");
    let mut talk = Talk::to(replica.address());
    for expression in greedy() {
        let start = Instant::now();
        let answer = talk.ask(&format!("EVAL {expression}"));
        let shown: String = expression.chars().take(40).collect();
        // A second of a processor is more by the clock where others want it, too.
        assert!(start.elapsed() < Duration::from_secs(14), "{shown} took {:?}", start.elapsed());
        // Some of the nested ones have a value after all.
        let fine = ["OK ", "ERR timeout ", "ERR too-large ", "ERR domain "];
        assert!(fine.iter().any(|begin| answer.starts_with(begin)), "{shown}: {answer}");
        assert_eq!(talk.ask("EVAL sqrt 16"), "OK 4", "after {shown}");
    }
}

#[test]
fn memory_is_bounded_and_others_are_answered_under_a_hostile_mix() {
    let replica = replica("calculator-1");
    let (address, pid) = (replica.address(), replica.pid());
    let before = Figures::of(pid).resident_bytes;
    let stop = Arc::new(AtomicBool::new(false));
    let refused = Arc::new(AtomicU64::new(0));
    let attackers: Vec<_> = (0..24)
        .map(|index| {
            let (stop, refused) = (Arc::clone(&stop), Arc::clone(&refused));
            thread::spawn(move || {
                let greedy = greedy();
                let mut talk = Talk::to(address);
                for expression in greedy.iter().cycle().skip(index) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    if talk.ask(&format!("EVAL {expression}")).starts_with("ERR") {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let watch = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || {
            let mut peak = 0;
            while !stop.load(Ordering::Relaxed) {
                peak = evaluators(pid).into_iter().filter_map(peak_bytes).fold(peak, u64::max);
                thread::sleep(Duration::from_millis(5));
            }
            peak
        })
    };
    eventually("the attack", || (refused.load(Ordering::Relaxed) > 2).then_some(()));
    let (mut plain, mut units) = (Duration::ZERO, Duration::ZERO);
    for round in 0..8 {
        let start = Instant::now();
        let mut talk = Talk::to(address);
        for n in 0..50 {
            assert_eq!(talk.ask(&format!("EVAL {n} + {round}")), format!("OK {}", n + round));
        }
        plain = plain.max(start.elapsed());
        // A quick evaluation waits for at most one turn of a slow one.
        let start = Instant::now();
        assert_eq!(talk.ask("EVAL 5 km / 2"), "OK 2.5 km");
        units = units.max(start.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    let peak = watch.join().unwrap();
    let after = Figures::of(pid).resident_bytes;
    println!(
        "plain x50: {plain:?}, with units: {units:?}, peak of an evaluator: {} MiB, replica: {} -> {} MiB",
        peak >> 20,
        before >> 20,
        after >> 20
    );
    assert!(plain < Duration::from_secs(2), "plain arithmetic took {plain:?}");
    assert!(units < Duration::from_secs(3), "a quick evaluation took {units:?}");
    assert!(peak < EVALUATOR_BYTES, "an evaluator held {} MiB", peak >> 20);
    assert!(after < before + (64 << 20), "the replica holds {} MiB", after >> 20);
    for attacker in attackers {
        attacker.join().unwrap();
    }
}

#[test]
fn junk_is_answered_line_by_line() {
    let replica = replica("calculator-1");
    let mut chance = Chance::new();
    for _ in 0..20 {
        let length = chance.below(20_000);
        let junk: Vec<u8> = (0..length).map(|_| chance.below(256) as u8).collect();
        let mut talk = Talk::to(replica.address());
        talk.send(&junk);
        talk.send("\nEVAL 40+2\n");
        let lines = talk.finish();
        let ends = junk.iter().filter(|byte| **byte == b'\n').count() + 2;
        assert_eq!(lines.len(), ends, "an answer for each line");
        assert_eq!(lines.last().map(String::as_str), Some("OK 42"));
    }
}

#[test]
fn a_line_without_an_end_costs_no_memory() {
    let replica = replica("calculator-1");
    let before = replica.figures().resident_bytes;
    let mut talk = Talk::to(replica.address());
    let mebibyte = vec![b'7'; 1 << 20];
    for _ in 0..64 {
        talk.send(&mebibyte);
    }
    talk.send("\nEVAL 1+1\n");
    assert!(talk.line().unwrap().starts_with("ERR too-long "));
    assert_eq!(talk.line().as_deref(), Some("OK 2"));
    let after = replica.figures().resident_bytes;
    assert!(after < before + (8 << 20), "{before} -> {after}");
}

#[test]
fn who_does_not_read_is_not_read_from() {
    let replica = replica("calculator-1");
    let before = replica.figures().resident_bytes;
    let mut talk = Talk::to(replica.address());
    talk.stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let requests = "EVAL 111111111111111111111*3\n".repeat(10_000);
    // Until the buffers of the system are full.
    let taken = (0..200).take_while(|_| talk.stream.write_all(requests.as_bytes()).is_ok()).count();
    assert!(taken < 200, "everything was taken without an answer being read");
    let after = replica.figures().resident_bytes;
    assert!(after < before + (16 << 20), "{before} -> {after}");
    // Others are served meanwhile, and what was taken is answered once somebody reads.
    assert_eq!(Talk::to(replica.address()).ask("PING"), "OK pong");
    assert_eq!(talk.line().as_deref(), Some("OK 333333333333333333333"));
}

#[test]
fn a_thousand_connections_are_served_at_once() {
    tombolo_e2e::allow_descriptors(3000);
    let replica = replica("calculator-1");
    let mut talks: Vec<_> = (0..1000).map(|_| Talk::to(replica.address())).collect();
    for (n, talk) in talks.iter_mut().enumerate() {
        talk.send(format!("LET n = {n}\n"));
    }
    for (n, talk) in talks.iter_mut().enumerate() {
        assert_eq!(talk.line(), Some(format!("OK {n}")));
        talk.send("EVAL n * 2\n");
    }
    for (n, talk) in talks.iter_mut().enumerate() {
        assert_eq!(talk.line(), Some(format!("OK {}", 2 * n)));
    }
}
