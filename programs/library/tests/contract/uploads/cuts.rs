//! Requests that are cut, hang, or meet another one: no acknowledged byte is lost, and whoever asks
//! is answered at once.

use std::time::{Duration, Instant};

use super::client::{UPLOADS, Uploader, bytes};
use crate::on_both;
use crate::replicas::Store;

on_both!(
    a_cut_at_any_place_keeps_what_came,
    an_offset_is_told_at_once_while_a_dead_request_is_open,
    a_request_that_was_fenced_off_adds_nothing,
    a_drained_replica_leaves_what_came,
    a_completion_that_was_cut_is_finished,
);

/// More than one batch and not a multiple of any size in use.
const LENGTH: usize = 700_001;

fn a_cut_at_any_place_keeps_what_came(store: Store) {
    let (replica, other) = (store.replica(), store.replica());
    let ana = Uploader::new(&replica, "ana");
    let all = bytes(LENGTH);
    let upload = ana.create(&replica, all.len());
    let mut offset = 0;
    // At the head, the first byte, inside a batch, after batches, before the last byte.
    for sent in [0, 1, 1000, 300_000, 100_000] {
        let mut sending = ana.begin(replica.address, &upload, offset, all.len() - offset);
        sending.send(&all[offset..offset + sent]);
        sending.vanish();
        // The request may be taken up only now, so the replicas are asked until they agree.
        offset = tombolo_e2e::eventually("one offset at both replicas", || {
            let told = ana.offset(&replica, &upload);
            assert!((offset..=offset + sent).contains(&told), "{told} of {offset} + {sent}");
            (ana.offset(&other, &upload) == told).then_some(told)
        });
    }
    tombolo_e2e::eventually("the rest to be taken", || {
        let rest = ana.patch(&other, &upload, offset, &all[offset..]);
        offset = rest.field("Upload-Offset").unwrap().parse().unwrap();
        (rest.status == 204).then_some(())
    });
    ana.is_item(&replica, &upload, &all);
}

fn an_offset_is_told_at_once_while_a_dead_request_is_open(store: Store) {
    let replicas = [store.replica(), store.replica()];
    let [replica, other] = &replicas;
    let ana = Uploader::new(replica, "ana");
    let all = bytes(LENGTH);
    for asked in &replicas {
        let upload = ana.create(replica, all.len());
        let mut sending = ana.begin(replica.address, &upload, 0, all.len());
        sending.send(&all[..1000]);
        ana.wait_for(replica, &upload, 1000);
        // The client is silent: neither bytes nor an end.
        let start = Instant::now();
        let told = ana.offset(asked, &upload);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(told, 1000);
        let rest = ana.patch(other, &upload, told, &all[told..]);
        assert_eq!(rest.status, 204, "{rest:?}");
        ana.is_item(asked, &upload, &all);
        assert_eq!(sending.status(), Some(409), "the old request is told");
    }
}

fn a_request_that_was_fenced_off_adds_nothing(store: Store) {
    let (replica, other) = (store.replica(), store.replica());
    let ana = Uploader::new(&replica, "ana");
    let upload = ana.create(&replica, 3_000);
    let mut first = ana.begin(replica.address, &upload, 0, 3_000);
    first.send(&[1; 1_000]);
    ana.wait_for(&replica, &upload, 1_000);
    assert_eq!(ana.offset(&other, &upload), 1_000);
    // Another client's bytes, and then late ones of the first.
    let second = ana.patch(&other, &upload, 1_000, &[2; 1_000]);
    assert_eq!(second.status, 204, "{second:?}");
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| first.send(&[3; 2_000])));
    assert_eq!(ana.offset(&other, &upload), 2_000);
    assert_eq!(ana.patch(&other, &upload, 2_000, &[4; 1_000]).status, 204);
    let expected = [vec![1; 1_000], vec![2; 1_000], vec![4; 1_000]].concat();
    ana.is_item(&replica, &upload, &expected);
}

fn a_drained_replica_leaves_what_came(store: Store) {
    let other = store.replica();
    let replica = store.replica_with(|settings| settings.drain = Duration::from_millis(500));
    let ana = Uploader::new(&other, "ana");
    let all = bytes(LENGTH);
    let upload = ana.create(&other, all.len());
    let mut sending = ana.begin(replica.address, &upload, 0, all.len());
    sending.send(&all[..400_000]);
    ana.wait_for(&other, &upload, 1);
    replica.trigger.drain();
    replica.ended().unwrap();
    let told = ana.offset(&other, &upload);
    assert!(told > 0 && told <= 400_000, "{told}");
    assert_eq!(ana.patch(&other, &upload, told, &all[told..]).status, 204);
    ana.is_item(&other, &upload, &all);
}

/// All bytes are acknowledged and the replica died before the end: whoever asks finishes it.
fn a_completion_that_was_cut_is_finished(store: Store) {
    let replica = store.replica();
    let ana = Uploader::new(&replica, "ana");
    let fields = [("Upload-Defer-Length", "1")];
    let created = ana.tus(&replica, "POST", UPLOADS, &fields, b"");
    let upload = super::client::path(&created);
    assert_eq!(ana.patch(&replica, &upload, 0, b"abc").status, 204);
    // The length is told with no more bytes: all of them are there already.
    let fields = [
        ("Content-Type", "application/offset+octet-stream"),
        ("Upload-Offset", "3"),
        ("Upload-Length", "3"),
    ];
    assert_eq!(ana.tus(&replica, "PATCH", &upload, &fields, b"").status, 204);
    ana.is_item(&replica, &upload, b"abc");
}
