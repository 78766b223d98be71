//! Files as they are: content, fields, folders, HEAD.

use crate::harness::{CHANGED, Replica, pattern};

#[test]
fn a_file_comes_with_all_its_fields() {
    let replica = Replica::of_folder();
    replica.put("notes/hello.txt", "hello\n");
    let answer = replica.get("/notes/hello.txt");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello\n"));
    assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.field("last-modified"), Some(CHANGED));
    assert_eq!(answer.field("accept-ranges"), Some("bytes"));
    assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.field("x-replica"), Some("test-1"));
    assert_eq!(answer.field("vary"), None, "nothing was negotiated");
    let etag = answer.field("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 20, "{etag}");
    assert!(answer.field("date").is_some());
}

#[test]
fn head_is_get_without_the_body() {
    let replica = Replica::of_folder();
    replica.put("small.html", "<p>small");
    replica.put("large.bin", pattern(300_000));
    replica.put("empty", "");
    replica.put("page.css", "a{}");
    replica.put("page.css.gz", "zip");
    let gzip = [("Accept-Encoding", "gzip")];
    for target in ["/small.html", "/large.bin", "/empty", "/page.css", "/none", "/health", "/%"] {
        let get = replica.request("GET", target, &gzip);
        let head = replica.request("HEAD", target, &gzip);
        assert_eq!(get.status, head.status, "{target}");
        assert_eq!(get.fields_without_date(), head.fields_without_date(), "{target}");
    }
}

#[test]
fn files_of_every_size_arrive_whole() {
    let replica = Replica::of_folder();
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000, 17 * 1024 * 1024] {
        let content = pattern(size);
        replica.put("file", &content);
        let answer = replica.get("/file");
        assert_eq!(answer.status, 200);
        assert!(answer.body == content, "{size} bytes arrived changed");
    }
}

#[test]
fn folders_show_their_index_and_nothing_else() {
    let replica = Replica::of_folder();
    replica.put("index.html", "top");
    replica.put("docs/index.html", "docs");
    replica.put("bare/secret.txt", "secret");
    assert_eq!(replica.get("/").text(), "top");
    assert_eq!(replica.get("/docs/").text(), "docs");
    assert_eq!(replica.get("/docs/").field("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(replica.get("/bare/").status, 404, "no listing");
    assert_eq!(replica.get("/bare").status, 404, "no word of the folder");
    assert_eq!(replica.get("/docs/index.html/").status, 404);
}

#[test]
fn a_folder_without_its_slash_is_redirected() {
    let replica = Replica::of_folder();
    replica.put("docs/a b/index.html", "here");
    for (target, location) in [
        ("/docs/a%20b", "/docs/a%20b/"),
        ("/docs/a%20b?x=1&y=%2F", "/docs/a%20b/?x=1&y=%2F"),
        ("/docs/a%20b?", "/docs/a%20b/?"),
    ] {
        let answer = replica.get(target);
        assert_eq!((answer.status, answer.field("location")), (308, Some(location)), "{target}");
    }
    let absolute = replica.get("http://example.org/docs/a%20b");
    assert_eq!(absolute.field("location"), Some("/docs/a%20b/"));
}

#[test]
fn a_changed_file_has_another_tag_at_once() {
    let replica = Replica::of_folder();
    for size in [10, 100_000] {
        let mut tags = Vec::new();
        for version in 0..4_u8 {
            // The same size and time of change: only the content tells.
            replica.put("file", vec![version; size]);
            tags.push(replica.get("/file").field("etag").unwrap().to_owned());
        }
        tags.dedup();
        assert_eq!(tags.len(), 4, "{size}: {tags:?}");
    }
}

#[test]
fn replicas_agree_on_the_tag() {
    let (one, two) = (Replica::of_folder(), Replica::of_folder());
    for size in [10, 100_000] {
        one.put("file", pattern(size));
        two.put_changed("file", pattern(size), std::time::SystemTime::now());
        assert_eq!(one.get("/file").field("etag"), two.get("/file").field("etag"), "{size}");
    }
}

#[test]
fn a_time_in_the_future_is_not_told() {
    let replica = Replica::of_folder();
    let tomorrow = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    replica.put_changed("file", "x", tomorrow);
    let answer = replica.get("/file");
    let told = httpdate::parse_http_date(answer.field("last-modified").unwrap()).unwrap();
    let date = httpdate::parse_http_date(answer.field("date").unwrap()).unwrap();
    assert!(told <= date, "{answer:?}");
}

#[test]
fn what_cannot_be_read_is_forbidden() {
    use std::os::unix::fs::PermissionsExt;
    let replica = Replica::of_folder();
    replica.put("locked", "x");
    let path = replica.root().join("locked");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything.
    let expected = if std::fs::File::open(&path).is_ok() { 200 } else { 403 };
    assert_eq!(replica.get("/locked").status, expected);
}

#[test]
fn a_root_that_is_swapped_serves_the_new_release() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    for release in ["one", "two"] {
        std::fs::create_dir(folder.path().join(release)).unwrap();
        std::fs::write(folder.path().join(release).join("index.html"), release).unwrap();
    }
    let current = folder.path().join("current");
    symlink("one", &current).unwrap();
    let replica = Replica::of_root(current.clone());
    assert_eq!(replica.get("/").text(), "one");
    let next = folder.path().join("next");
    symlink("two", &next).unwrap();
    std::fs::rename(&next, &current).unwrap();
    assert_eq!(replica.get("/").text(), "two");
}
