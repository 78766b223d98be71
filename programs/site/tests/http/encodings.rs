//! Precompressed files beside the original.

use std::time::Duration;

use crate::harness::{Replica, changed};

fn replica() -> Replica {
    let replica = Replica::of_folder();
    replica.put("app.css", "original");
    for (name, content) in
        [("app.css.br", "brotli"), ("app.css.gz", "gzip"), ("app.css.zst", "zstd")]
    {
        replica.put(name, content);
    }
    replica
}

#[test]
fn the_client_chooses() {
    let replica = replica();
    for (accept, coding, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "brotli"),
        ("gzip, zstd", Some("zstd"), "zstd"),
        ("gzip", Some("gzip"), "gzip"),
        ("br;q=0.2, gzip;q=0.7", Some("gzip"), "gzip"),
        ("br;q=0, *", Some("zstd"), "zstd"),
        ("identity, br;q=0.5", None, "original"),
        ("deflate", None, "original"),
        ("", None, "original"),
    ] {
        let answer = replica.get_with("/app.css", &[("Accept-Encoding", accept)]);
        assert_eq!((answer.status, answer.text().as_str()), (200, body), "{accept}");
        assert_eq!(answer.field("content-encoding"), coding, "{accept}");
        assert_eq!(answer.field("content-type"), Some("text/css; charset=utf-8"), "{accept}");
        assert_eq!(answer.field("vary"), Some("Accept-Encoding"), "{accept}");
    }
    let spread = [("Accept-Encoding", "br;q=0"), ("Accept-Encoding", "gzip")];
    assert_eq!(replica.get_with("/app.css", &spread).text(), "gzip");
    assert_eq!(replica.get("/app.css").text(), "original");
}

#[test]
fn every_coding_has_its_own_tag() {
    let replica = replica();
    // The same bytes under another coding are still another representation.
    replica.put("app.css.gz", "original");
    let mut tags: Vec<String> = ["br", "gzip", "zstd", "identity"]
        .iter()
        .map(|coding| replica.get_with("/app.css", &[("Accept-Encoding", coding)]))
        .map(|answer| answer.field("etag").unwrap().to_owned())
        .collect();
    let fields = [("Accept-Encoding", "br"), ("If-None-Match", tags[3].as_str())];
    assert_eq!(replica.get_with("/app.css", &fields).status, 200, "another coding's tag");
    let fields = [("Accept-Encoding", "br"), ("If-None-Match", tags[0].as_str())];
    assert_eq!(replica.get_with("/app.css", &fields).status, 304);
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4);
}

#[test]
fn refusing_everything_is_told() {
    let replica = replica();
    let answer = replica.get_with("/app.css", &[("Accept-Encoding", "identity;q=0")]);
    assert_eq!(answer.status, 406);
    let vary = ("vary".to_owned(), "Accept-Encoding".to_owned());
    assert!(answer.fields.contains(&vary), "{answer:?}");
}

#[test]
fn a_stale_sibling_is_left_out() {
    let replica = replica();
    replica.put_changed("app.css", "newer", changed() + Duration::from_secs(5));
    let answer = replica.get_with("/app.css", &[("Accept-Encoding", "br, gzip")]);
    assert_eq!((answer.text().as_str(), answer.field("content-encoding")), ("newer", None));
}

#[test]
fn a_compressed_file_by_its_own_name_is_a_file() {
    let replica = replica();
    let answer = replica.get_with("/app.css.gz", &[("Accept-Encoding", "gzip")]);
    assert_eq!(answer.field("content-type"), Some("application/gzip"));
    assert_eq!(answer.field("content-encoding"), None);
}

#[test]
fn an_index_may_be_precompressed_too() {
    let replica = Replica::of_folder();
    replica.put("index.html", "original");
    replica.put("index.html.gz", "zipped");
    let answer = replica.get_with("/", &[("Accept-Encoding", "gzip")]);
    assert_eq!(answer.text(), "zipped");
    assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"));
}
