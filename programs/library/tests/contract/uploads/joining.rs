//! Concatenation: pieces that are sent in any order become one upload.

use super::client::{UPLOADS, Uploader, bytes, path};
use crate::on_both;
use crate::replicas::Store;

on_both!(pieces_are_joined_once, what_cannot_be_joined_is_refused);

fn piece(ana: &Uploader, replica: &crate::replicas::Replica, body: &[u8]) -> String {
    let length = body.len().to_string();
    let fields = [("Upload-Length", length.as_str()), ("Upload-Concat", "partial")];
    let created = ana.tus(replica, "POST", UPLOADS, &fields, b"");
    assert_eq!(created.status, 201, "{created:?}");
    let upload = path(&created);
    assert_eq!(ana.patch(replica, &upload, 0, body).status, 204);
    upload
}

fn pieces_are_joined_once(store: Store) {
    let (replica, other) = (store.replica(), store.replica());
    let ana = Uploader::new(&replica, "ana");
    let all = bytes(1_000_000);
    let pieces: Vec<String> =
        all.chunks(300_000).map(|chunk| piece(&ana, &replica, chunk)).collect();
    let head = ana.tus(&replica, "HEAD", &pieces[0], &[], b"");
    assert_eq!(head.field("Upload-Concat"), Some("partial"));
    assert_eq!(head.field("Library-Item"), None, "a piece is no item");
    let concat = format!("final;{} http://test{}", pieces[..3].join(" "), pieces[3]);
    let join = |replica| ana.tus(replica, "POST", UPLOADS, &[("Upload-Concat", &concat)], b"");
    let joined = join(&other);
    assert_eq!(joined.status, 201, "{joined:?}");
    let upload = path(&joined);
    assert_eq!(ana.offset(&replica, &upload), all.len());
    ana.is_item(&replica, &upload, &all);
    let head = ana.tus(&replica, "HEAD", &upload, &[], b"");
    assert!(head.field("Upload-Concat").unwrap().starts_with("final;http://test/"), "{head:?}");
    assert_eq!(ana.patch(&replica, &upload, all.len(), b"x").status, 403);
    assert_eq!(path(&join(&replica)), upload, "repeated it has one effect");
    let twice = format!("final;{} {}", pieces[3], pieces[3]);
    let twice = ana.tus(&replica, "POST", UPLOADS, &[("Upload-Concat", &twice)], b"");
    assert_eq!(twice.status, 201, "a piece is used again: {twice:?}");
    ana.is_item(&other, &path(&twice), &[&all[900_000..], &all[900_000..]].concat());
}

fn what_cannot_be_joined_is_refused(store: Store) {
    let replica = store.replica();
    let (ana, eva) = (Uploader::new(&replica, "ana"), Uploader::new(&replica, "eva"));
    let foreign = piece(&eva, &replica, b"abc");
    let whole = ana.create(&replica, 0);
    let fields = [("Upload-Length", "3"), ("Upload-Concat", "partial")];
    let unfinished = path(&ana.tus(&replica, "POST", UPLOADS, &fields, b""));
    for concat in [
        "final;".to_owned(),
        "final;/elsewhere/1".to_owned(),
        format!("final;{foreign}"),
        format!("final;{whole}"),
        format!("final;{unfinished}"),
    ] {
        let answer = ana.tus(&replica, "POST", UPLOADS, &[("Upload-Concat", &concat)], b"");
        assert_eq!(answer.status, 400, "{concat}: {answer:?}");
    }
    let own = piece(&ana, &replica, b"abc");
    let concat = format!("final;{own}");
    let fields = [("Upload-Concat", concat.as_str()), ("Upload-Length", "3")];
    assert_eq!(ana.tus(&replica, "POST", UPLOADS, &fields, b"").status, 400);
}
