//! Many uploads at once.

use super::client::{UPLOADS, Uploader};
use crate::on_both;
use crate::replicas::Store;

on_both!(small_files_at_once_are_all_there);

fn small_files_at_once_are_all_there(store: Store) {
    let replicas = [store.replica(), store.replica()];
    let ana = Uploader::new(&replicas[0], "ana");
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (ana, replica) = (&ana, &replicas[thread % 2]);
            scope.spawn(move || {
                for file in 0..10_usize {
                    let body = format!("{thread} {file}");
                    let length = body.len().to_string();
                    let fields = [
                        ("Upload-Length", length.as_str()),
                        ("Content-Type", "application/offset+octet-stream"),
                    ];
                    let created = ana.tus(replica, "POST", UPLOADS, &fields, body.as_bytes());
                    assert!(created.field("Library-Item").is_some(), "{created:?}");
                }
            });
        }
    });
    let items = ana.ask(&replicas[1], "GET", "/library/api/items?limit=100", &[], b"").json();
    assert_eq!(items["items"].as_array().map(Vec::len), Some(40));
}
