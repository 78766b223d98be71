//! Disks that are too small, full, or read-only: no request fails, the log tells, and the cache is
//! back when the disk is.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::shelf::{Shelf, judge, request};
use crate::small_disk::SmallDisk;
use crate::{ADMIN, caching, dir, disk_use, is_hit, status};
use tombolo_e2e::{Chance, Tombolo, eventually};

const LENGTHS: [usize; 3] = [5_000, 300_000, 2_000_000];
pub(crate) const TROUBLE: &str = "the cache cannot write files; requests are served without it";
pub(crate) const OVER: &str = "the cache can write files again";

/// Asks for many things, several clients at one time; every answer is whole. Tells how many came
/// from the cache.
pub(crate) fn load(gateway: &Tombolo, keys: std::ops::Range<usize>, requests: usize) -> usize {
    let hits = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for index in 0..4 {
            let (keys, hits) = (keys.clone(), &hits);
            scope.spawn(move || {
                let mut chance = Chance::from_seed(index + 1);
                let mut client = gateway.connect();
                for _ in 0..requests / 4 {
                    let key = keys.start + chance.below(keys.len());
                    let path = format!("/long/{key}/{}", LENGTHS[key % LENGTHS.len()]);
                    let answer = client.exchange(request(&path, "en"));
                    judge(&path, "en", &answer).unwrap();
                    hits.fetch_add(usize::from(is_hit(&answer)), Ordering::Relaxed);
                }
            });
        }
    });
    hits.into_inner()
}

/// Asks for new things until one of them is stored on the disk again.
pub(crate) fn recovers(gateway: &Tombolo, from: usize) {
    let mut key = from;
    eventually("something to be stored again", || {
        key += 1;
        let path = format!("/long/{key}/300000");
        judge(&path, "en", &gateway.connect().exchange(request(&path, "en"))).unwrap();
        let again = gateway.connect().exchange(request(&path, "en"));
        judge(&path, "en", &again).unwrap();
        is_hit(&again).then_some(())
    });
    gateway.stderr().wait_for(OVER, |line| line.contains(OVER).then_some(()));
}

fn told(gateway: &Tombolo, what: &str) -> usize {
    gateway.stderr().text().matches(what).count()
}

#[test]
fn a_disk_smaller_than_max_size_serves_as_far_as_it_goes() {
    let Some(disk) = SmallDisk::mount() else { return };
    let shelf = Shelf::start();
    let lines = dir(&disk.path().join("cache")) + "max_size = \"1GiB\"\nmemory = 0";
    let gateway = caching(&shelf.origin, &lines).workers(2).start();
    load(&gateway, 0..200, 300);
    let hits = load(&gateway, 0..10, 100);
    // Some come while the first is still on its way, or make room for each other.
    assert!(hits >= 60, "{hits} of 100 requests for 10 things were hits");
    let used = disk_use(disk.path());
    assert!(used > 8 << 20, "only {used} bytes of the disk are used");
}

#[test]
fn a_disk_filled_by_others_is_told_of_and_recovered_from() {
    let Some(disk) = SmallDisk::mount() else { return };
    let shelf = Shelf::start();
    let lines = dir(&disk.path().join("cache")) + "max_size = \"1GiB\"\nmemory = 0";
    let gateway = caching(&shelf.origin, &lines).gateway(ADMIN).workers(2).start();
    load(&gateway, 0..3, 12);
    let hog = disk.fill();
    load(&gateway, 1000..1200, 200);
    assert_eq!(told(&gateway, TROUBLE), 1, "{}", gateway.stderr().text());
    assert!(gateway.stderr().text().contains("No space left"), "{}", gateway.stderr().text());
    let trouble = status(&gateway)["writing"].take();
    assert!(trouble["reason"].as_str().is_some_and(|why| why.contains("No space")), "{trouble}");
    std::fs::remove_file(hog).unwrap();
    recovers(&gateway, 2000);
    assert!(status(&gateway)["writing"].is_null());
    load(&gateway, 3000..3003, 12);
}

#[test]
fn a_disk_that_turns_read_only_still_answers() {
    let Some(disk) = SmallDisk::mount() else { return };
    let shelf = Shelf::start();
    let lines = dir(&disk.path().join("cache")) + "memory = 0";
    let gateway = caching(&shelf.origin, &lines).workers(2).start();
    load(&gateway, 0..3, 12);
    eventually("what was fetched to be stored", || (load(&gateway, 0..3, 12) == 12).then_some(()));
    disk.remount("ro");
    load(&gateway, 100..200, 100);
    assert_eq!(load(&gateway, 0..3, 40), 40, "what is stored is still read");
    assert!(gateway.stderr().text().contains("Read-only"), "{}", gateway.stderr().text());
    disk.remount("rw");
    recovers(&gateway, 2000);
}
