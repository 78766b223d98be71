//! Replicas that are killed while they receive, and the gateway's other replicas, which go on.

use std::io::Write;
use std::time::{Duration, Instant};

use tombolo_e2e::{Chance, eventually};

use crate::cluster::{Cluster, Uploader, files};
use crate::noise;

/// More than one commit interval.
const LENGTH: usize = 24 * 1024 * 1024;

#[test]
fn a_killed_replica_loses_no_acknowledged_byte() {
    let mut cluster = Cluster::start();
    let ana = Uploader::new(&cluster.token());
    let all = noise(LENGTH);
    let gateway = cluster.gateway.address();
    let upload = ana.create(gateway, all.len());
    let mut chance = Chance::new();
    let mut offset = 0;
    for turn in 0..6 {
        let (killed, asked) = (turn % 3, (turn + 1) % 3);
        let address = cluster.replicas[killed].address();
        let mut sending = ana.begin(address, &upload, offset, all.len() - offset);
        let end = (offset + chance.below(6 * 1024 * 1024)).min(all.len() - 1);
        sending.write_all(&all[offset..end]).unwrap();
        cluster.kill(killed);
        let start = Instant::now();
        let told = ana.head(cluster.replicas[asked].address(), &upload);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(told.status, 200, "{told:?}");
        assert!((offset..=end).contains(&told.offset()), "{} of {offset} to {end}", told.offset());
        offset = told.offset();
        // The others go on at once.
        let some = &all[offset..(offset + 100_000).min(all.len() - 1)];
        let part = ana.patch(cluster.replicas[asked].address(), &upload, offset, some);
        assert_eq!(part.status, 204, "{part:?}");
        offset = part.offset();
        cluster.start_again(killed);
    }
    let rest = ana.patch(gateway, &upload, offset, &all[offset..]);
    assert_eq!((rest.status, rest.offset()), (204, all.len()), "{rest:?}");
    let token = rest.field("Library-Item").unwrap().to_owned();
    assert!(!token.is_empty());
    assert_eq!(files(&cluster.folder.path().join("objects/incoming")), 0);
}

/// Killed at any moment of its end, an upload is whole or can be gone on with, and becomes one item.
#[test]
fn a_replica_that_is_killed_while_it_completes_leaves_one_whole_file() {
    let mut cluster = Cluster::start();
    let token = cluster.token();
    let ana = Uploader::new(&token);
    let mut chance = Chance::new();
    for turn in 0..8 {
        let all = chance.bytes(300_000);
        let upload = ana.create(cluster.gateway.address(), all.len());
        let killed = turn % 3;
        let mut sending = ana.begin(cluster.replicas[killed].address(), &upload, 0, all.len());
        sending.write_all(&all).unwrap();
        let pause = Duration::from_micros(chance.below(20_000) as u64);
        let until = Instant::now() + pause;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        cluster.kill(killed);
        let other = cluster.replicas[(killed + 1) % 3].address();
        eventually("the upload's end", || {
            let told = ana.head(other, &upload);
            assert_eq!(told.status, 200, "{told:?}");
            if told.offset() < all.len() {
                let rest = ana.patch(other, &upload, told.offset(), &all[told.offset()..]);
                assert!([204, 409].contains(&rest.status), "{rest:?}");
                return None;
            }
            told.field("Library-Item").map(str::to_owned)
        });
        cluster.start_again(killed);
        assert!(cluster.newest(&token) == all, "turn {turn}");
    }
}
