//! The IETF's draft, on the same addresses.

use super::client::{UPLOADS, Uploader, bytes, path};
use crate::on_both;
use crate::replicas::Store;

on_both!(an_upload_of_the_draft_goes_on_at_any_replica, lengths_and_digests_have_to_agree);

const ADD: (&str, &str) = ("Content-Type", "application/partial-upload");
const VERSION: (&str, &str) = ("Upload-Draft-Interop-Version", "8");

fn an_upload_of_the_draft_goes_on_at_any_replica(store: Store) {
    let (replica, other) = (store.replica(), store.replica());
    let ana = Uploader::new(&replica, "ana");
    let all = bytes(50_000);
    let options = ana.ask(&replica, "OPTIONS", UPLOADS, &[], b"");
    assert!(options.field("Upload-Limit").unwrap().contains("min-size=0"));
    let fields = [
        VERSION,
        ("Upload-Complete", "?0"),
        ("Content-Disposition", "attachment; filename=\"a.bin\""),
    ];
    let created = ana.ask(&replica, "POST", UPLOADS, &fields, &all[..10_000]);
    assert_eq!(
        (created.status, created.field("Upload-Complete")),
        (201, Some("?0")),
        "{created:?}"
    );
    assert_eq!(created.field("Upload-Offset"), Some("10000"));
    let upload = path(&created);
    let head = ana.ask(&other, "HEAD", &upload, &[VERSION], b"");
    assert_eq!((head.status, head.field("Upload-Offset")), (204, Some("10000")));
    assert_eq!(head.field("Upload-Complete"), Some("?0"));
    let send = |replica, offset: &str, complete: &str, body: &[u8]| {
        let fields = [VERSION, ADD, ("Upload-Offset", offset), ("Upload-Complete", complete)];
        ana.ask(replica, "PATCH", &upload, &fields, body)
    };
    let wrong = send(&other, "0", "?0", b"x");
    assert_eq!((wrong.status, wrong.field("Upload-Offset")), (409, Some("10000")));
    let problem = wrong.json();
    assert_eq!(
        (&problem["expected-offset"], &problem["provided-offset"]),
        (&10_000.into(), &0.into())
    );
    assert!(problem["type"].as_str().unwrap().ends_with("#mismatching-upload-offset"));
    let part = send(&other, "10000", "?0", &all[10_000..20_000]);
    assert_eq!((part.status, part.field("Upload-Complete")), (204, Some("?0")), "{part:?}");
    let rest = send(&replica, "20000", "?1", &all[20_000..]);
    assert_eq!((rest.status, rest.field("Upload-Complete")), (200, Some("?1")), "{rest:?}");
    assert_eq!(rest.json()["name"], "a.bin");
    assert!(rest.field("Repr-Digest").is_some());
    ana.is_item(&other, &upload, &all);
    // The answer was lost: the same, said again, is answered again.
    assert_eq!(send(&other, "50000", "?1", b"").status, 200);
    let plain = ana.ask(&replica, "POST", UPLOADS, &[("Content-Type", "text/plain")], b"hi");
    assert_eq!((plain.status, plain.field("Upload-Complete")), (201, Some("?1")), "{plain:?}");
    assert_eq!(ana.ask(&replica, "DELETE", &path(&plain), &[VERSION], b"").status, 204);
}

fn lengths_and_digests_have_to_agree(store: Store) {
    let replica = store.replica();
    let ana = Uploader::new(&replica, "ana");
    let fields = [("Upload-Complete", "?1"), ("Upload-Length", "3")];
    let wrong = ana.ask(&replica, "POST", UPLOADS, &fields, b"four");
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["type"].as_str().unwrap().ends_with("#inconsistent-upload-length"));
    let fields = [("Upload-Complete", "?0"), ("Upload-Length", "4")];
    let created = ana.ask(&replica, "POST", UPLOADS, &fields, b"");
    let upload = path(&created);
    let digest = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
    let send = |complete: &str, body: &[u8]| {
        let fields = [
            ADD,
            ("Upload-Offset", "0"),
            ("Upload-Complete", complete),
            ("Content-Digest", digest),
        ];
        ana.ask(&replica, "PATCH", &upload, &fields, body)
    };
    assert_eq!(send("?1", b"abc").status, 400, "the length is another one");
    assert_eq!(send("?0", b"abc").status, 460);
    let missing = ana.ask(&replica, "PATCH", &upload, &[ADD, ("Upload-Offset", "0")], b"x");
    assert_eq!(missing.status, 400);
    let kind = [("Upload-Offset", "0"), ("Upload-Complete", "?0")];
    assert_eq!(ana.ask(&replica, "PATCH", &upload, &kind, b"x").status, 415);
    assert_eq!(ana.offset(&replica, &upload), 0);
}
