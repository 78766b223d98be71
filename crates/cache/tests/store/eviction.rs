//! The size limit holds, and a scan does not push out what is used.

use super::*;
use tombolo_cache::store::FILE_UNIT;

fn bytes_on_disk(home: &Home) -> u64 {
    let all = files_below(&home.dir.path().join("cache/entries")).into_iter();
    let all = all.chain(files_below(&home.dir.path().join("cache/tmp")));
    all.filter_map(|file| file.metadata().ok())
        .map(|about| about.len().div_ceil(FILE_UNIT) * FILE_UNIT)
        .sum()
}

#[tokio::test]
async fn the_files_never_take_more_than_max_size() {
    let home = Home::new();
    let max = 2 << 20;
    let store = Store::open(home.settings().max_size(max).memory(0));
    await_status(&store, "counted", |status| !status.counting);
    for number in 0_usize..400 {
        let body = random_bytes(1, [500, 20_000, 200_000][number % 3]);
        assert!(put(&store, &format!("http://a/{number}"), &body).stored().await);
        assert!(store.status().bytes <= max);
        if number % 20 == 0 {
            assert!(bytes_on_disk(&home) <= max);
        }
    }
    let status = store.status();
    assert!(status.totals.evictions > 100);
    // It is used, too: not more is thrown away than has to be.
    assert!(status.bytes > max - 300_000, "{status:?}");
    assert_eq!(status.objects as usize, home.files().len());
    assert_eq!(status.bytes, bytes_on_disk(&home));
}

#[tokio::test]
async fn a_smaller_limit_holds_after_a_restart() {
    let home = Home::new();
    let store = home.open();
    for number in 0..100 {
        assert!(put(&store, &format!("http://a/{number}"), &[1; 30_000]).stored().await);
    }
    store.close();
    drop(store);
    let store = Store::open(home.settings().max_size(1 << 20));
    await_status(&store, "counted and within the limit", |status| {
        !status.counting && status.bytes <= 1 << 20
    });
    assert!(bytes_on_disk(&home) <= 1 << 20);
}

#[tokio::test]
async fn what_is_used_outlives_a_scan_even_over_a_restart() {
    let home = Home::new();
    let settings = || home.settings().max_size(2 << 20).memory(0);
    let store = Store::open(settings());
    for number in 0..100 {
        assert!(put(&store, &format!("http://a/{number}"), &[1; 5_000]).stored().await);
    }
    let used = |number: u32| number.is_multiple_of(5);
    for number in (0..100).filter(|&number| used(number)) {
        hit(&store, &format!("http://a/{number}")).await;
    }
    store.close();
    drop(store);
    let store = Store::open(settings());
    await_status(&store, "counted", |status| !status.counting);
    for number in 0..1000 {
        assert!(put(&store, &format!("http://scan/{number}"), &[1; 5_000]).stored().await);
    }
    let mut left = Vec::new();
    for number in 0..100 {
        if matches!(get(&store, &format!("http://a/{number}")).await, Found::Hit(_)) {
            left.push(number);
        }
    }
    let expected: Vec<_> = (0..100).filter(|&number| used(number)).collect();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn memory_holds_what_is_used_and_no_more_than_its_limit() {
    let home = Home::new();
    let max = 1 << 20;
    let store = Store::open(home.settings().memory(max));
    for hot in 0..10 {
        put(&store, &format!("http://hot/{hot}"), &[1; 3_000]).stored().await;
    }
    for number in 0..1500 {
        put(&store, &format!("http://a/{number}"), &[1; 3_000]).stored().await;
        assert!(store.status().hot_bytes <= max);
        hit(&store, &format!("http://hot/{}", number % 10)).await;
    }
    let totals = store.status().totals;
    assert_eq!((totals.memory_hits, totals.disk_hits), (1500, 0));
}
