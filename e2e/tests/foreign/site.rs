//! Three replicas of the real site behind the real gateway.

use std::fs;
use std::path::Path;
use tombolo_e2e::{Setup, Tombolo};

/// A gateway and its replicas; all end with it.
pub(crate) struct Site {
    pub(crate) gateway: Tombolo,
    _replicas: Vec<Tombolo>,
}

/// Replicas named `site-1` to `site-3` that serve `root`, or the built-in page.
pub(crate) fn site(root: Option<&Path>) -> Site {
    let replicas: Vec<_> = (1..=3)
        .map(|n| {
            let name = format!("site-{n}");
            let mut arguments =
                vec!["serve", "site", "--listen", "127.0.0.1:0", "--replica", &name];
            let root = root.map(|root| root.display().to_string());
            if let Some(root) = &root {
                arguments.extend(["--root", root]);
            }
            Tombolo::start(&arguments).listening()
        })
        .collect();
    let addresses = replicas.iter().map(|replica| replica.address().to_string());
    let gateway = Setup::to_addresses(addresses).workers(2).start();
    Site { gateway, _replicas: replicas }
}

#[test]
fn nine_requests_reach_each_replica_three_times_in_turn() {
    let site = site(None);
    let mut client = site.gateway.connect();
    let names: Vec<_> = (0..9)
        .map(|_| {
            let answer = client.get("/");
            assert_eq!(answer.status(), 200);
            answer.head.one("x-replica").expect("the replica's name").to_owned()
        })
        .collect();
    for three in names.windows(3) {
        assert!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2], "{names:?}");
    }
    for n in 1..=3 {
        assert_eq!(names.iter().filter(|name| **name == format!("site-{n}")).count(), 3);
    }
}

/// Ranges, conditions and HEAD come through whichever replica answers: the validators agree.
#[test]
fn validators_of_one_replica_hold_at_another() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), "0123456789").expect("writable");
    let site = site(Some(folder.path()));
    let mut client = site.gateway.connect();
    let first = client.get("/a.txt");
    let etag = first.head.one("etag").expect("an entity tag").to_owned();
    for _ in 0..3 {
        let again = client
            .exchange(format!("GET /a.txt HTTP/1.1\r\nHost: x\r\nIf-None-Match: {etag}\r\n\r\n"));
        assert_eq!(again.status(), 304);
        let part = client.exchange(format!(
            "GET /a.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=2-4\r\nIf-Range: {etag}\r\n\r\n"
        ));
        assert_eq!((part.status(), part.text()), (206, "234".into()));
        assert_eq!(part.head.one("content-range"), Some("bytes 2-4/10"));
        let head = client.exchange("HEAD /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!((head.status(), head.head.one("content-length")), (200, Some("10")));
    }
}
