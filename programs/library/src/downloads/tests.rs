//! Content as clients fetch it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::testing::{Answer, World};

const BYTES: &[u8] = b"0123456789abcdefghij";

fn boundary(answer: &Answer) -> String {
    let kind = answer.field("content-type");
    kind.strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_and_conditions() {
    for world in World::each().await {
        let ana = world.user("ana").await;
        let item = world.item(&ana, "Łódź.txt", BYTES).await;
        let target = format!("/library/api/items/{item}/content");
        let ask = async |method: &str, fields: &[(&str, &str)]| {
            world.send(Some(&ana), method, &target, fields, "").await
        };
        let whole = ask("GET", &[]).await;
        assert_eq!((whole.status.as_u16(), &whole.body[..]), (200, BYTES));
        let etag = whole.field("etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() == 66, "{etag}");
        let modified = whole.field("last-modified").to_owned();
        for (range, status, body, content_range) in [
            ("bytes=0-4", 206, &b"01234"[..], "bytes 0-4/20"),
            ("bytes=5-", 206, b"56789abcdefghij", "bytes 5-19/20"),
            ("bytes=-3", 206, b"hij", "bytes 17-19/20"),
            ("bytes=0-99", 206, BYTES, "bytes 0-19/20"),
            ("bytes=x", 200, BYTES, ""),
        ] {
            for method in ["GET", "HEAD"] {
                let answer = ask(method, &[("range", range)]).await;
                assert_eq!(answer.status, status, "{range}");
                assert_eq!(answer.field("content-range"), content_range);
                assert_eq!(answer.field("content-length"), body.len().to_string());
                assert_eq!(&answer.body[..], if method == "GET" { body } else { b"" });
            }
        }
        let beyond = ask("GET", &[("range", "bytes=20-")]).await;
        assert_eq!((beyond.status.as_u16(), beyond.field("content-range")), (416, "bytes */20"));
        let several = ask("GET", &[("range", "bytes=0-1,5-6,19-")]).await;
        let boundary = boundary(&several);
        let text = String::from_utf8(several.body.to_vec()).unwrap();
        assert_eq!(several.field("content-length"), text.len().to_string());
        let parts: Vec<_> = text.split(&format!("--{boundary}")).collect();
        assert_eq!(parts.len(), 5);
        assert!(parts[1].ends_with("Content-Range: bytes 0-1/20\r\n\r\n01\r\n"), "{text}");
        assert!(parts[3].ends_with("Content-Range: bytes 19-19/20\r\n\r\nj\r\n"), "{text}");
        for (fields, status) in [
            (vec![("if-none-match", etag.as_str())], 304),
            (vec![("if-modified-since", modified.as_str())], 304),
            (vec![("if-match", "\"x\"")], 412),
            (vec![("if-range", etag.as_str()), ("range", "bytes=0-1")], 206),
            (vec![("if-range", modified.as_str()), ("range", "bytes=0-1")], 206),
            (vec![("if-range", "\"x\""), ("range", "bytes=0-1")], 200),
        ] {
            let answer = ask("GET", &fields).await;
            assert_eq!(answer.status, status, "{fields:?}");
            assert_eq!(answer.body.is_empty(), status == 304, "{fields:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_protects_the_reader_is_the_same_whatever_is_asked_for() {
    for world in World::each().await {
        let ana = world.user("ana").await;
        let item = world.item(&ana, "Łódź.txt", BYTES).await;
        let target = format!("/library/api/items/{item}/content");
        let ask = async |method: &str, fields: &[(&str, &str)]| {
            world.send(Some(&ana), method, &target, fields, "").await
        };
        let whole = ask("GET", &[]).await;
        let etag = whole.field("etag").to_owned();
        for fields in [
            vec![],
            vec![("range", "bytes=0-1")],
            vec![("range", "bytes=0-1,5-6")],
            vec![("range", "bytes=20-")],
            vec![("if-none-match", etag.as_str())],
        ] {
            for method in ["GET", "HEAD"] {
                let answer = ask(method, &fields).await;
                assert_eq!(answer.field("x-content-type-options"), "nosniff", "{fields:?}");
                assert!(answer.field("content-security-policy").starts_with("sandbox"));
                assert_eq!(answer.field("etag"), etag);
                assert_eq!(answer.field("cache-control"), "private, no-cache, no-transform");
                let digest = answer.field("repr-digest");
                assert!(digest.starts_with("sha-256=:"), "{digest}");
            }
        }
        let wanted = ask("GET", &[("want-digest", "SHA-512;q=1, SHA-256;q=1")]).await;
        assert!(wanted.field("digest").starts_with("SHA-256="));
        let named = "attachment; filename=\"__d_.txt\"; filename*=UTF-8''%C5%81%C3%B3d%C5%BA.txt";
        assert_eq!(whole.field("content-disposition"), named);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_content_is_sent_whole_and_has_no_ranges() {
    let world = World::with(|_| {}).await;
    let ana = world.user("ana").await;
    let item = world.item(&ana, "empty", b"").await;
    let target = format!("/library/api/items/{item}/content");
    let answer = world.get(Some(&ana), &target).await;
    assert_eq!((answer.status.as_u16(), answer.field("content-length")), (200, "0"));
    let answer = world.send(Some(&ana), "GET", &target, &[("range", "bytes=0-")], "").await;
    assert_eq!((answer.status.as_u16(), answer.field("content-range")), (416, "bytes */0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_end_and_can_be_revoked() {
    for world in World::each().await {
        let (ana, ben, root) =
            (world.user("ana").await, world.user("ben").await, world.admin("root").await);
        let item = world.item(&ana, "a.txt", BYTES).await;
        let path = format!("/library/api/items/{item}/links");
        let make = async |who, body: &str| world.send(Some(who), "POST", &path, &[], body).await;
        for body in ["{\"expires_in\":59}", "{\"expires_in\":2592001}", "{\"x\":1}", "[]"] {
            assert_eq!(make(&ana, body).await.status, 400, "{body}");
        }
        assert_eq!(make(&ben, "{}").await.status, 404);
        let made = make(&ana, "{}").await;
        assert_eq!(made.status, 201);
        let link = made.json();
        let url = link["url"].as_str().unwrap();
        let target = url.strip_prefix("http://localhost").unwrap();
        let whole = world.get(None, target).await;
        assert_eq!((whole.status.as_u16(), &whole.body[..]), (200, BYTES));
        assert_eq!(whole.field("referrer-policy"), "no-referrer");
        let part = world.send(None, "GET", target, &[("range", "bytes=-1")], "").await;
        assert_eq!((part.status.as_u16(), &part.body[..]), (206, &b"j"[..]));
        // A link of another replica's making works here, and the other way round.
        let other = world.replica().await;
        assert_eq!(other.get(None, target).await.status, 200);
        let forged = target.replacen("links/", "links/0", 1);
        assert_eq!(world.get(None, &forged).await.status, 404);
        let listed = world.get(Some(&ana), &path).await.json();
        assert_eq!(listed["items"], json!([link]));
        let revoke = format!("{path}/{}", link["id"].as_str().unwrap());
        assert_eq!(world.send(Some(&ben), "DELETE", &revoke, &[], "").await.status, 404);
        assert_eq!(world.send(Some(&ana), "DELETE", &revoke, &[], "").await.status, 204);
        assert_eq!(world.send(Some(&ana), "DELETE", &revoke, &[], "").await.status, 404);
        assert_eq!(world.get(None, target).await.status, 404);
        assert_eq!(other.get(None, target).await.status, 404);
        // A link of somebody who may not share any more leads nowhere.
        let link = make(&root, "{}").await.json();
        let target = link["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
        assert_eq!(world.get(None, target).await.status, 200);
        let demote =
            tombolo_storage::Query::new("UPDATE library_user SET role = 'user' WHERE id = $1");
        world.library.call(demote.bind(root.id)).await.unwrap();
        assert_eq!(world.get(None, target).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_items_are_one_archive() {
    for world in World::each().await {
        let (ana, ben) = (world.user("ana").await, world.user("ben").await);
        let large = vec![b'x'; 700_000];
        let ids = [
            world.item(&ana, "a.txt", BYTES).await,
            world.item(&ana, "a.txt", b"").await,
            world.item(&ana, "../Łódź", &large).await,
        ];
        let list = ids.map(|id| id.to_string()).join(",");
        let target = format!("/library/api/archive?name=mine.zip&items={list}");
        let answer = world.get(Some(&ana), &target).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.field("content-length"), answer.body.len().to_string());
        assert_eq!(answer.field("content-disposition"), "attachment; filename=\"mine.zip\"");
        let script = "import io, sys, zipfile\n\
            z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n\
            assert z.testzip() is None\n\
            print([(i.filename, i.file_size) for i in z.infolist()])\n";
        let mut python = Command::new("python3")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(&answer.body).unwrap();
        let told = python.wait_with_output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert_eq!(told, "[('a.txt', 20), ('a (2).txt', 0), ('_Łódź', 700000)]\n");
        let body = json!({ "items": ids }).to_string();
        let posted = world.send(Some(&ana), "POST", "/library/api/archive", &[], &body).await;
        assert_eq!(posted.body, answer.body);
        assert_eq!(world.get(Some(&ben), &target).await.status, 404);
        for wrong in ["items=", "items=x", "", "items=a&x=1"] {
            let answer = world.get(Some(&ana), &format!("/library/api/archive?{wrong}")).await;
            assert_eq!(answer.status, 400, "{wrong}");
        }
    }
}
