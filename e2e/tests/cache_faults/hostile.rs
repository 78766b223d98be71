//! Slow and hostile clients and origins: nobody else waits, and every limit holds.

use std::time::Instant;

use crate::shelf::{Shelf, judge, request};
use crate::{cache_status, caching, content, dir, disk_use, get, is_hit};
use tombolo_e2e::{Client, Origin, Tombolo, eventually, scripts};

const MIB: usize = 1 << 20;

/// An origin with one body, fresh for long.
fn one_body(seed: u64, length: usize, more: &str) -> Origin {
    let body = content::body(seed, length);
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"one\"\r\nCache-Control: max-age=600\r\n{more}Content-Length: {}\r\n\r\n",
        body.len()
    );
    Origin::start(scripts::answer([head.as_bytes(), &body].concat()))
}

/// Has it stored.
fn warm(gateway: &Tombolo, path: &str) {
    eventually("a hit", || is_hit(&gateway.connect().get(path)).then_some(()));
}

#[test]
fn readers_that_do_not_read_hold_nobody() {
    let origin = one_body(4, 16 * MIB, "");
    let gateway = caching(&origin, "").workers(1).start();
    warm(&gateway, "/large");
    let mut slow: Vec<_> = (0..50).map(|_| Client::connect_narrow(gateway.address())).collect();
    slow.iter_mut().for_each(|client| client.send(get("/large")));
    let heads: Vec<_> = slow.iter_mut().map(|client| client.wire.read_head().unwrap()).collect();
    let memory = gateway.figures().resident_bytes;
    let began = Instant::now();
    for _ in 0..5 {
        let answer = gateway.connect().get("/large");
        assert!(is_hit(&answer));
        assert_eq!(content::seed_of(&answer.body), Ok(4));
    }
    println!("five times 16 MiB beside 50 stopped readers: {:?}", began.elapsed());
    let after = gateway.figures().resident_bytes;
    assert!(after < memory + (64 << 20), "{memory} bytes, then {after}");
    // They were only slow: what they get is right.
    for (client, head) in slow.iter_mut().zip(heads).take(3) {
        let (body, _) = client.wire.read_body(head.response_framing("GET").unwrap()).unwrap();
        assert_eq!(content::seed_of(&body), Ok(4));
    }
}

#[test]
fn five_hundred_ranges_at_one_time() {
    tombolo_e2e::allow_descriptors(4096);
    let (origin, whole) = (one_body(6, 4 * MIB, ""), content::body(6, 4 * MIB));
    let gateway = caching(&origin, "").workers(2).start();
    warm(&gateway, "/ranges");
    let before = gateway.figures();
    let mut clients: Vec<_> = (0..500).map(|_| gateway.connect()).collect();
    let range = |index: usize| (index * 8000, index * 8000 + 100_000);
    for (index, client) in clients.iter_mut().enumerate() {
        let (first, last) = range(index);
        client.send(format!(
            "GET /ranges HTTP/1.1\r\nHost: example.org\r\nRange: bytes={first}-{last}\r\n\r\n"
        ));
    }
    for (index, client) in clients.iter_mut().enumerate() {
        let (first, last) = range(index);
        let answer = client.read_response().expect("a part");
        assert_eq!(answer.status(), 206);
        assert!(answer.body == whole[first..=last], "another part than {first} to {last}");
    }
    drop(clients);
    eventually("the descriptors to be as before", || {
        (gateway.figures().descriptors <= before.descriptors).then_some(())
    });
    let upstream = origin.requests().len();
    assert!(upstream <= 2, "{upstream} requests upstream for what is stored");
}

/// A request that makes the answer a thousand times as long is answered with the whole, once.
#[test]
fn a_range_of_a_thousand_parts_costs_no_more_than_the_whole() {
    let origin = one_body(8, MIB, "");
    let gateway = caching(&origin, "").start();
    warm(&gateway, "/parts");
    for (count, part) in [(1000, "0-"), (16, "0-"), (1000, "1-1"), (16, "-1000000")] {
        let parts = vec![part; count].join(",");
        let answer = gateway.connect().exchange(format!(
            "GET /parts HTTP/1.1\r\nHost: example.org\r\nRange: bytes={parts}\r\n\r\n"
        ));
        let length = answer.body.len();
        assert!(length <= MIB + MIB / 8, "{count} times {part}: {length} bytes");
        if answer.status() == 200 {
            assert_eq!(content::seed_of(&answer.body), Ok(8));
        }
    }
}

#[test]
fn a_huge_vary_is_passed_on_and_stored_for_nobody() {
    let names: Vec<_> = (0..1000).map(|number| format!("X-Header-{number}")).collect();
    let origin = one_body(9, 1000, &format!("Vary: {}\r\n", names.join(", ")));
    let gateway = caching(&origin, "").start();
    for _ in 0..3 {
        let answer = gateway.connect().get("/vary");
        assert_eq!(content::seed_of(&answer.body), Ok(9));
        assert!(!is_hit(&answer) && !cache_status(&answer).contains("stored"), "{:?}", answer.head);
        assert!(answer.head.one("vary").is_some_and(|vary| vary.ends_with("X-Header-999")));
    }
}

/// Ten thousand things nobody asks for twice, pipelined by four clients.
fn flood(gateway: &Tombolo, count: usize, ask: impl Fn(usize) -> (String, String) + Sync) {
    std::thread::scope(|scope| {
        for index in 0..4 {
            let ask = &ask;
            scope.spawn(move || {
                let mut client = gateway.connect();
                let numbers: Vec<_> = (index..count).step_by(4).collect();
                for some in numbers.chunks(50) {
                    let asked: Vec<_> = some.iter().map(|number| ask(*number)).collect();
                    for (path, language) in &asked {
                        client.send(request(path, language));
                    }
                    for (path, language) in &asked {
                        let answer = client.read_response().expect("an answer");
                        judge(path, language, &answer).unwrap();
                    }
                }
            });
        }
    });
}

fn bounded_under_flood(count: usize, ask: impl Fn(usize) -> (String, String) + Send + Sync) {
    let (home, shelf) = (tempfile::tempdir().unwrap(), Shelf::start());
    let folder = home.path().join("cache");
    let lines = dir(&folder) + "max_size = \"4MiB\"\nmemory = \"2MiB\"";
    let gateway = caching(&shelf.origin, &lines).workers(2).start();
    flood(&gateway, 200, |number| (format!("/long/warm{number}/2000"), "en".into()));
    let before = gateway.figures().resident_bytes;
    let mut most = 0;
    std::thread::scope(|scope| {
        let flooding = scope.spawn(|| flood(&gateway, count, ask));
        while !flooding.is_finished() {
            most = most.max(disk_use(&folder));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    let after = gateway.figures().resident_bytes;
    println!("{count} keys: {most} bytes on disk at most, resident {before} bytes, then {after}");
    assert!(most <= 5 << 20, "{most} bytes on disk");
    assert!(after < before + (64 << 20), "resident {before} bytes, then {after}");
}

#[test]
fn ten_thousand_keys_stay_within_the_limits() {
    bounded_under_flood(10_000, |number| (format!("/long/{number}/2000"), "en".into()));
}

#[test]
fn ten_thousand_variants_stay_within_the_limits() {
    bounded_under_flood(10_000, |number| ("/vary/one/2000".into(), format!("x-{number}")));
}
