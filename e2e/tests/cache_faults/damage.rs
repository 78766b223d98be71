//! Files that are not what was written: a flipped bit anywhere is a miss, never an answer, and told.

use std::path::{Path, PathBuf};

use crate::{ADMIN, cache_status, caching, content, dir, files_below, get, is_hit, status};
use tombolo_e2e::{Origin, Setup, Tombolo, WireError, eventually};

const TOLD: &str = "a damaged response was removed";
const SMALL: usize = 800;
const LARGE: usize = 3 << 20;
/// Longer than what is checked whole before it is sent.
const HUGE: usize = 24 << 20;

/// Answers `/SEED/LENGTH`.
fn origin() -> Origin {
    Origin::start(|connection| {
        connection.stop_recording();
        loop {
            let request = connection.read_request()?;
            let numbers = request.head.target().split('/').filter_map(|part| part.parse().ok());
            let [seed, length] = numbers.collect::<Vec<usize>>()[..] else { panic!("a path") };
            let body = content::body(seed as u64, length);
            let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nETag: \"x\"\r\n";
            let length = format!("Content-Length: {}\r\n\r\n", body.len());
            connection.write([head.as_bytes(), length.as_bytes(), &body].concat())?;
        }
    })
}

/// Has each of `seeds` stored, ends the gateway, and gives the files.
fn stored(
    setup: &Setup,
    entries: &Path,
    seeds: std::ops::Range<u64>,
    length: usize,
) -> Vec<PathBuf> {
    let mut gateway = setup.start();
    for seed in seeds.clone() {
        gateway.connect().get(&format!("/{seed}/{length}"));
    }
    let count = (seeds.end - seeds.start) as usize;
    eventually("all to be stored", || (files_below(entries).len() == count).then_some(()));
    gateway.signal(rustix::process::Signal::TERM);
    gateway.wait_for_exit();
    files_below(entries)
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1 << (at % 8);
    std::fs::write(file, bytes).unwrap();
}

fn told(gateway: &Tombolo) -> usize {
    gateway.stderr().text().matches(TOLD).count()
}

/// Flips a bit in each of many files, each at another place, and asks for all of them. So many
/// fall on the mark of a soft purge: broken, it makes a response stale, and that is all.
fn flipped(count: usize, length: usize, marks: usize, place: impl Fn(usize, usize) -> usize) {
    let (home, origin) = (tempfile::tempdir().unwrap(), origin());
    let folder = home.path().join("cache");
    let setup = caching(&origin, &dir(&folder)).gateway(ADMIN);
    let files = stored(&setup, &folder.join("entries"), 0..count as u64, length);
    for (index, file) in files.iter().enumerate() {
        flip(file, place(index, file.metadata().unwrap().len() as usize));
    }
    let gateway = setup.start();
    let mut missed = 0;
    for seed in 0..count as u64 {
        let answer = gateway.connect().get(&format!("/{seed}/{length}"));
        assert_eq!(content::seed_of(&answer.body), Ok(seed), "{:?}", answer.head);
        missed += usize::from(!is_hit(&answer));
    }
    assert!((count - marks..=count).contains(&missed), "{missed} of {count} were misses");
    assert!((count - marks..=missed).contains(&told(&gateway)), "{} told of", told(&gateway));
    assert_eq!(status(&gateway)["corrupt"], told(&gateway), "what is counted and what is told");
    for seed in 0..count as u64 {
        let again = gateway.connect().get(&format!("/{seed}/{length}"));
        assert_eq!(content::seed_of(&again.body), Ok(seed));
        assert!(is_hit(&again), "stored anew: {}", cache_status(&again));
    }
}

#[test]
fn a_flipped_bit_in_a_small_file() {
    // Every ninth byte of head, metadata and body, of which two are in the mark.
    flipped(120, SMALL, 2, |index, length| index * 9 % length);
}

#[test]
fn a_flipped_bit_in_a_large_file() {
    flipped(8, LARGE, 0, |index, length| index * (length - 1) / 7);
}

#[test]
fn a_flipped_bit_in_a_huge_body_is_a_cut_and_then_a_miss() {
    let (home, origin) = (tempfile::tempdir().unwrap(), origin());
    let folder = home.path().join("cache");
    let setup = caching(&origin, &dir(&folder));
    let files = stored(&setup, &folder.join("entries"), 0..1, HUGE);
    flip(&files[0], HUGE / 2);
    let gateway = setup.start();
    let mut client = gateway.connect();
    client.send(get(&format!("/0/{HUGE}")));
    let head = client.wire.read_head().expect("a head");
    match client.wire.read_body(head.response_framing("GET").unwrap()) {
        Err(WireError::Truncated(part)) => {
            content::starts(0, &part).unwrap();
            assert!(part.len() <= HUGE / 2, "{} bytes beyond the damage", part.len());
        }
        other => panic!("not cut: {:?}", other.map(|(body, _)| body.len())),
    }
    let again = gateway.connect().get(&format!("/0/{HUGE}"));
    assert!(!is_hit(&again), "{:?}", again.head);
    assert_eq!((content::seed_of(&again.body), told(&gateway)), (Ok(0), 1));
}
