//! Content in an object store: moto, which speaks S3 and is not ours.

use std::net::SocketAddr;

use tombolo_e2e::{Foreign, Server, Tombolo, eventually};

use crate::cluster::{Uploader, ask, register};
use crate::{kept, noise};

/// Three parts and a bit.
const LENGTH: usize = 3 * 8 * 1024 * 1024 + 12_345;

/// A store with one bucket, and its address.
fn store() -> (Server, SocketAddr) {
    let python = kept().join("venv/bin/python");
    assert!(python.is_file(), "no {}: `cargo xtask test` makes it", python.display());
    let command = format!("exec {} -m moto.server -H 127.0.0.1 -p 0 2>&1", python.display());
    let store = Foreign::program("sh", "dash").args(["-c", &command]).serve();
    let address = eventually("moto's address", || {
        let said = store.stdout().text();
        let rest = said.split_once("Running on http://")?.1;
        rest.split_whitespace().next()?.trim_end_matches('/').parse().ok()
    });
    let made = ask(address, "PUT", "/files", &[], b"");
    assert_eq!(made.status, 200, "{made:?}");
    (store, address)
}

fn replica(database: &str, store: SocketAddr) -> Tombolo {
    let objects = format!("s3://files/library?endpoint=http://{store}&region=us-east-1");
    let keys = ["AWS_ACCESS_KEY_ID=one", "AWS_SECRET_ACCESS_KEY=two"];
    let binary = Tombolo::path().display().to_string();
    let serve = ["serve", "library", "--listen", "127.0.0.1:0", "--database", database];
    let all = [&keys[..], &[&binary], &serve, &["--objects", &objects]].concat();
    Tombolo::start_program_in(tempfile::tempdir().unwrap(), "env", &all).listening()
}

#[test]
fn uploads_go_on_at_another_replica_with_content_in_s3() {
    let (_store, address) = store();
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("library.db").display());
    let (mut first, second) = (replica(&database, address), replica(&database, address));
    let token = register(first.address());
    let ana = Uploader::new(&token);
    let all = noise(LENGTH);
    let upload = ana.create(first.address(), all.len());
    // Within a part, over the end of one, and again within one.
    let mut offset = 0;
    for end in [1_000_000, 9_000_000, 9_500_000] {
        let part = ana.patch(first.address(), &upload, offset, &all[offset..end]);
        assert_eq!((part.status, part.offset()), (204, end), "{part:?}");
        offset = ana.head(second.address(), &upload).offset();
        assert_eq!(offset, end);
    }
    first.kill();
    let rest = ana.patch(second.address(), &upload, offset, &all[offset..]);
    assert_eq!((rest.status, rest.offset()), (204, all.len()), "{rest:?}");
    let item = rest.field("Library-Item").unwrap();
    let bearer = format!("Bearer {token}");
    let target = format!("/library/api/items/{item}/content");
    let content = ask(second.address(), "GET", &target, &[("Authorization", &bearer)], b"");
    assert_eq!(content.status, 200);
    assert!(content.body == all);
}
