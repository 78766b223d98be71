//! `max_size` holds on the disk, whatever comes; and what is asked for often outlives what is asked
//! for once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::shelf::{Shelf, judge, request};
use crate::{caching, dir, disk_use, is_hit};

const MAX: u64 = 20 << 20;
/// Folders and the log of purges are not counted.
const BESIDE: u64 = 1 << 20;

fn scan(count: usize) {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    let folder = home.path().join("cache");
    let lines = dir(&folder) + "max_size = \"20MiB\"\nmemory = \"1MiB\"\nmax_object = \"2MiB\"";
    let gateway = caching(&shelf.origin, &lines).workers(2).start();
    let over = AtomicBool::new(false);
    let mut most = 0;
    let (hits, asked) = std::thread::scope(|scope| {
        let hot = scope.spawn(|| {
            let (mut client, mut hits, mut asked) = (gateway.connect(), 0, 0);
            // The first rounds bring the hot set in.
            while asked < 2000 || !over.load(Ordering::Relaxed) {
                let path = format!("/long/hot{}/20000", asked % 100);
                let answer = client.exchange(request(&path, "en"));
                judge(&path, "en", &answer).unwrap();
                asked += 1;
                hits += usize::from(asked > 500 && is_hit(&answer));
            }
            (hits, asked - 500)
        });
        let scans: Vec<_> = (0..2)
            .map(|index| {
                let gateway = &gateway;
                scope.spawn(move || {
                    let mut client = gateway.connect();
                    for number in 0..count / 2 {
                        let length = [3_000, 50_000, 200_000, 1_500_000][number % 4];
                        let path = format!("/long/scan{index}-{number}/{length}");
                        let answer = client.exchange(request(&path, "en"));
                        judge(&path, "en", &answer).unwrap();
                    }
                })
            })
            .collect();
        while !scans.iter().all(|scan| scan.is_finished()) {
            most = most.max(disk_use(&folder));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        over.store(true, Ordering::Relaxed);
        hot.join().unwrap()
    });
    println!(
        "{count} scanned: {most} bytes at most, {hits} of {asked} requests for the hot set hit"
    );
    assert!(most <= MAX + BESIDE, "{most} bytes on the disk");
    assert!(most > MAX / 2, "only {most} bytes were ever used");
    assert!(hits * 10 >= asked * 9, "{hits} of {asked} hits for what is asked for often");
}

#[test]
fn a_scan_keeps_to_max_size_and_leaves_the_hot_set() {
    scan(400);
}

#[test]
#[ignore = "takes a minute"]
fn a_long_scan_keeps_to_max_size_and_leaves_the_hot_set() {
    scan(10_000);
}
