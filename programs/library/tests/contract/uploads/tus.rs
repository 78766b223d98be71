//! tus 1.0, requirement by requirement.

use super::client::{UPLOADS, Uploader, bytes, path};
use crate::on_both;
use crate::replicas::Store;

on_both!(
    an_upload_goes_on_at_any_replica,
    creations_are_answered_as_tus_has_it,
    what_is_wrong_is_refused_and_changes_nothing,
    checksums_are_of_one_request,
    a_length_may_be_told_later,
    a_given_up_upload_is_gone_and_its_room_is_free,
    a_foreign_upload_looks_like_none,
    a_repeated_creation_makes_one_upload,
);

const ADD: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

fn an_upload_goes_on_at_any_replica(store: Store) {
    let replicas = [store.replica(), store.replica(), store.replica()];
    let [first, second, third] = &replicas;
    let ana = Uploader::new(first, "ana");
    let all = bytes(100_000);
    let upload = ana.create(first, all.len());
    assert_eq!(ana.offset(second, &upload), 0);
    let part = ana.patch(second, &upload, 0, &all[..40_000]);
    assert_eq!((part.status, part.field("Upload-Offset")), (204, Some("40000")), "{part:?}");
    assert!(part.field("Upload-Expires").is_some());
    let late = ana.patch(first, &upload, 0, &all[..10]);
    assert_eq!((late.status, late.field("Upload-Offset")), (409, Some("40000")));
    let rest = ana.patch(third, &upload, 40_000, &all[40_000..]);
    assert_eq!((rest.status, rest.field("Upload-Offset")), (204, Some("100000")), "{rest:?}");
    assert!(rest.field("Library-Item").is_some());
    for replica in &replicas {
        assert_eq!(ana.offset(replica, &upload), all.len());
        ana.is_item(replica, &upload, &all);
    }
    let more = ana.patch(first, &upload, 100_000, b"x");
    assert_eq!(more.status, 409);
}

fn creations_are_answered_as_tus_has_it(store: Store) {
    let replica = store.replica();
    let ana = Uploader::new(&replica, "ana");
    let options = ana.ask(&replica, "OPTIONS", UPLOADS, &[], b"");
    assert_eq!((options.status, options.field("Tus-Version")), (204, Some("1.0.0")));
    assert!(options.field("Tus-Extension").unwrap().contains("concatenation"));
    assert_eq!(options.field("Tus-Checksum-Algorithm"), Some("sha1,sha256"));
    let metadata = "filename YS50eHQ=,filetype dGV4dC9wbGFpbg==";
    let fields = [("Upload-Length", "5"), ("Upload-Metadata", metadata), ADD];
    let created = ana.tus(&replica, "POST", UPLOADS, &fields, b"hel");
    assert_eq!((created.status, created.field("Upload-Offset")), (201, Some("3")), "{created:?}");
    assert_eq!(created.field("Tus-Resumable"), Some("1.0.0"));
    let upload = path(&created);
    let head = ana.tus(&replica, "HEAD", &upload, &[], b"");
    assert_eq!(head.field("Upload-Length"), Some("5"));
    assert_eq!(head.field("Upload-Metadata"), Some(metadata));
    assert_eq!(head.field("Cache-Control"), Some("no-store"));
    assert_eq!(ana.patch(&replica, &upload, 3, b"lo").status, 204);
    ana.is_item(&replica, &upload, b"hello");
    let empty = ana.create(&replica, 0);
    ana.is_item(&replica, &empty, b"");
    let whole = ana.tus(&replica, "POST", UPLOADS, &[("Upload-Length", "2"), ADD], b"hi");
    assert!(whole.field("Library-Item").is_some(), "{whole:?}");
    // Behind a gateway the address is the gateway's.
    let fields = [
        ("Upload-Length", "1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "files.example.org"),
    ];
    let behind = ana.tus(&replica, "POST", UPLOADS, &fields, b"");
    let location = behind.field("Location").unwrap();
    assert!(location.starts_with("https://files.example.org/library/api/uploads/"), "{location}");
}

fn what_is_wrong_is_refused_and_changes_nothing(store: Store) {
    let replica = store.replica();
    let ana = Uploader::new(&replica, "ana");
    let old = ana.ask(&replica, "POST", UPLOADS, &[("Tus-Resumable", "0.2.2")], b"");
    assert_eq!((old.status, old.field("Tus-Version")), (412, Some("1.0.0")));
    for (fields, status) in [
        (&[][..], 400),
        (&[("Upload-Length", "-1")], 400),
        (&[("Upload-Length", "x")], 400),
        (&[("Upload-Defer-Length", "2")], 400),
        (&[("Upload-Length", "1"), ("Upload-Defer-Length", "1")], 400),
        (&[("Upload-Length", "999999999999999")], 413),
        (&[("Upload-Length", "1"), ("Upload-Metadata", "a ?")], 400),
        (&[("Upload-Length", "1"), ("Upload-Concat", "x")], 400),
        (&[("Upload-Length", "1"), ("Upload-Checksum", "md5 AAAA")], 400),
    ] {
        let answer = ana.tus(&replica, "POST", UPLOADS, fields, b"");
        assert_eq!(answer.status, status, "{fields:?}: {answer:?}");
        assert_eq!(answer.field("Tus-Resumable"), Some("1.0.0"), "{fields:?}");
    }
    let upload = ana.create(&replica, 4);
    let wrong = [("Content-Type", "text/plain"), ("Upload-Offset", "0")];
    assert_eq!(ana.tus(&replica, "PATCH", &upload, &wrong, b"x").status, 415);
    assert_eq!(ana.tus(&replica, "PATCH", &upload, &[ADD], b"x").status, 400);
    assert_eq!(ana.patch(&replica, &upload, 1, b"x").status, 409);
    let long = ana.patch(&replica, &upload, 0, b"12345");
    assert_eq!(long.status, 413);
    assert_eq!(ana.offset(&replica, &upload), 0);
    let nobody = replica.get(UPLOADS);
    assert_eq!(nobody.status, 401);
}

fn checksums_are_of_one_request(store: Store) {
    let replica = store.replica();
    let ana = Uploader::new(&replica, "ana");
    let upload = ana.create(&replica, 11);
    let send = |offset: &str, checksum: &str, body: &[u8]| {
        let fields = [ADD, ("Upload-Offset", offset), ("Upload-Checksum", checksum)];
        ana.tus(&replica, "PATCH", &upload, &fields, body)
    };
    let sha1 = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=";
    let wrong = send("0", sha1, b"hello wurld");
    assert_eq!(wrong.status, 460, "{wrong:?}");
    assert_eq!(ana.offset(&replica, &upload), 0, "nothing of it is kept");
    assert_eq!(send("0", "crc32 AAAA", b"hello").status, 400);
    let sha256 = "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
    let part = send("0", sha256, b"hello");
    assert_eq!((part.status, part.field("Upload-Offset")), (204, Some("5")), "{part:?}");
    assert_eq!(ana.patch(&replica, &upload, 5, b" world").status, 204);
    ana.is_item(&replica, &upload, b"hello world");
    // The digest of the whole is announced, and is another one.
    let digest = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
    let fields = [("Upload-Length", "3"), ("Repr-Digest", digest), ADD];
    let refused = ana.tus(&replica, "POST", UPLOADS, &fields, b"abc");
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(ana.tus(&replica, "HEAD", &path(&refused), &[], b"").status, 410);
}

fn a_length_may_be_told_later(store: Store) {
    let replica = store.replica();
    let ana = Uploader::new(&replica, "ana");
    let created = ana.tus(&replica, "POST", UPLOADS, &[("Upload-Defer-Length", "1")], b"");
    assert_eq!(created.status, 201, "{created:?}");
    let upload = path(&created);
    let head = ana.tus(&replica, "HEAD", &upload, &[], b"");
    assert_eq!((head.field("Upload-Defer-Length"), head.field("Upload-Length")), (Some("1"), None));
    assert_eq!(ana.patch(&replica, &upload, 0, b"abc").status, 204);
    let send = |length: &str, body: &[u8]| {
        let fields = [ADD, ("Upload-Offset", "3"), ("Upload-Length", length)];
        ana.tus(&replica, "PATCH", &upload, &fields, body)
    };
    assert_eq!(send("2", b"").status, 400, "less than there is");
    assert_eq!(send("6", b"").status, 204);
    let head = ana.tus(&replica, "HEAD", &upload, &[], b"");
    assert_eq!((head.field("Upload-Defer-Length"), head.field("Upload-Length")), (None, Some("6")));
    assert_eq!(send("7", b"defg").status, 400, "it stays");
    assert_eq!(ana.patch(&replica, &upload, 3, b"def").status, 204);
    ana.is_item(&replica, &upload, b"abcdef");
}

fn a_given_up_upload_is_gone_and_its_room_is_free(store: Store) {
    let (replica, other) = (store.replica(), store.replica());
    let ana = Uploader::new(&replica, "ana");
    let upload = ana.create(&replica, 10);
    assert_eq!(ana.patch(&replica, &upload, 0, b"abc").status, 204);
    let file = || {
        let folder = store.folder.path().join("objects/incoming");
        std::fs::read_dir(folder).unwrap().count()
    };
    assert_eq!(file(), 1);
    assert_eq!(ana.tus(&other, "DELETE", &upload, &[], b"").status, 204);
    for (method, status) in [("HEAD", 410), ("DELETE", 410)] {
        assert_eq!(ana.tus(&replica, method, &upload, &[], b"").status, status, "{method}");
    }
    assert_eq!(ana.patch(&replica, &upload, 3, b"x").status, 410);
    tombolo_e2e::eventually("its bytes to be removed", || (file() == 0).then_some(()));
    // A complete upload can be forgotten, and its item stays.
    let whole = ana.tus(&replica, "POST", UPLOADS, &[("Upload-Length", "2"), ADD], b"hi");
    let item = whole.field("Library-Item").unwrap().to_owned();
    assert_eq!(ana.tus(&other, "DELETE", &path(&whole), &[], b"").status, 204);
    let content = ana.ask(&replica, "GET", &format!("/library/api/items/{item}/content"), &[], b"");
    assert_eq!(content.body, b"hi");
}

fn a_foreign_upload_looks_like_none(store: Store) {
    let replica = store.replica();
    let (ana, eva) = (Uploader::new(&replica, "ana"), Uploader::new(&replica, "eva"));
    let upload = ana.create(&replica, 10);
    for method in ["HEAD", "GET", "DELETE"] {
        assert_eq!(eva.tus(&replica, method, &upload, &[], b"").status, 404, "{method}");
    }
    assert_eq!(eva.patch(&replica, &upload, 0, b"x").status, 404);
    let list = eva.ask(&replica, "GET", UPLOADS, &[], b"");
    assert_eq!(list.json()["items"].as_array().map(Vec::len), Some(0));
    let list = ana.ask(&replica, "GET", UPLOADS, &[], b"");
    assert_eq!(list.json()["items"][0]["length"], 10);
    assert_eq!(ana.offset(&replica, &upload), 0);
}

fn a_repeated_creation_makes_one_upload(store: Store) {
    let (replica, other) = (store.replica(), store.replica());
    let ana = Uploader::new(&replica, "ana");
    let create = |replica, key: &str, length: &str| {
        let fields = [("Upload-Length", length), ("Idempotency-Key", key)];
        ana.tus(replica, "POST", UPLOADS, &fields, b"")
    };
    let first = create(&replica, "one", "10");
    let again = create(&other, "one", "10");
    assert_eq!((again.status, path(&again)), (201, path(&first)));
    assert_eq!(create(&other, "one", "11").status, 422);
    assert_ne!(path(&create(&other, "two", "10")), path(&first));
    let list = ana.ask(&replica, "GET", UPLOADS, &[], b"");
    assert_eq!(list.json()["items"].as_array().map(Vec::len), Some(2));
}
