//! A million objects: what they cost in memory, and how soon the first is found. Run on request.

use super::*;
use tombolo_cache::store::{Lookup, Mode, Purge};

/// Resident bytes of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Run alone: `cargo test --release -p tombolo-cache --test store -- --ignored a_million`.
#[tokio::test]
#[ignore = "takes minutes and 4 GiB of disk"]
async fn a_million_objects() {
    const OBJECTS: u64 = 1_000_000;
    let home = Home::new();
    let settings = || home.settings().max_size(64 << 30).memory(4 << 20);
    let began = Instant::now();
    let store = Store::open(settings());
    let mut receipts = std::collections::VecDeque::new();
    for number in 0..OBJECTS {
        let section = if number % 2 == 0 { "even" } else { "odd" };
        receipts.push_back(put(&store, &format!("http://a/{section}/{number}"), &[7; 1024]));
        if receipts.len() > 1000 {
            assert!(receipts.pop_front().unwrap().stored().await);
        }
    }
    for receipt in receipts {
        assert!(receipt.stored().await);
    }
    println!("stored in {:?}", began.elapsed());
    store.close();
    drop(store);

    let before = resident();
    let began = Instant::now();
    let store = Store::open(settings());
    assert!(matches!(get(&store, "http://a/even/123456").await, Found::Hit(_)));
    let first = began.elapsed();
    let status = await_status(&store, "counted", |status| !status.counting);
    println!("first hit after {first:?}, counted after {:?}", began.elapsed());
    let each = (resident() - before) as f64 / OBJECTS as f64;
    let index = status.index_memory as f64 / OBJECTS as f64;
    println!("memory for each object: {each:.0} bytes resident, {index:.0} in the index");
    assert!(first < Duration::from_secs(1));
    assert_eq!(status.objects, OBJECTS);
    assert!(index <= 200.0);

    let began = Instant::now();
    drop(store.purge(Purge::Prefix(b"http://a/even/"), Mode::Hard).unwrap());
    println!("purge accepted in {:?}", began.elapsed());
    let (mut slowest, mut looked) = (Duration::ZERO, 0);
    while store.status().objects > OBJECTS / 2 {
        let number = fastrand::u64(..OBJECTS);
        let section = if number % 2 == 0 { "even" } else { "odd" };
        let asked = Instant::now();
        let found = get(&store, &format!("http://a/{section}/{number}")).await;
        slowest = slowest.max(asked.elapsed());
        looked += 1;
        assert_eq!(matches!(found, Found::Hit(_)), number % 2 == 1);
    }
    println!("swept in {:?}; {looked} look-ups meanwhile, slowest {slowest:?}", began.elapsed());
}

/// Run alone, as above with `a_hit_in_memory`: what a look-up in memory costs, alone and when all
/// threads ask for one key.
#[test]
#[ignore = "a measurement"]
fn a_hit_in_memory() {
    const LOOKUPS: u32 = 5_000_000;
    let home = Home::new();
    let store = home.open();
    for number in 0..64 {
        put(&store, &format!("http://a/{number}"), &[1; 1024]);
    }
    for (threads, keys) in [(1, 1), (1, 64), (4, 1), (4, 64)] {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let texts: Vec<_> = (0..keys).map(|n| format!("http://a/{n}")).collect();
                    let keys: Vec<_> = texts.iter().map(|text| key(text)).collect();
                    for number in 0..LOOKUPS {
                        let found = store.lookup(keys[number as usize % keys.len()]);
                        assert!(matches!(found, Lookup::Now(Found::Hit(_))));
                    }
                });
            }
        });
        println!("{threads} threads, {keys} keys: {:?} each", began.elapsed() / LOOKUPS);
    }
}
