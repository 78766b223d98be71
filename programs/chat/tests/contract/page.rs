//! The page is served whole, kept only after asking, and may load nothing from elsewhere.

use crate::client::request;
use crate::replicas::Store;

#[test]
fn the_page_and_its_files_are_there() {
    let store = Store::sqlite();
    let replica = store.replica();
    for (path, kind) in [
        ("/chat/", "text/html; charset=utf-8"),
        ("/chat/index.html", "text/html; charset=utf-8"),
        ("/chat/chat.css", "text/css; charset=utf-8"),
        ("/chat/chat.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = replica.get(path);
        assert_eq!((answer.status, answer.field("content-type")), (200, Some(kind)), "{path}");
        let policy = answer.field("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        let tag = answer.field("etag").unwrap();
        assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");
        let again = request(replica.address, "GET", path, &[("If-None-Match", tag)], "");
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    assert_eq!(replica.get("/chat/none.js").status, 404);
    let answer = replica.get("/chat?room=x");
    assert_eq!((answer.status, answer.field("location")), (308, Some("/chat/?room=x")));
}

#[test]
fn the_page_speaks_the_visitors_language() {
    let store = Store::sqlite();
    let replica = store.replica();
    for (target, accepted, expected) in [
        ("/chat/", "es-CO,es;q=0.9,en;q=0.8", "es"),
        ("/chat/", "de", "en"),
        ("/chat/?lang=en", "es", "en"),
        ("/chat/?lang=es&room=x", "en", "es"),
        ("/chat/?lang=%zz", "es", "es"),
    ] {
        let answer = request(replica.address, "GET", target, &[("Accept-Language", accepted)], "");
        assert_eq!(answer.field("content-language"), Some(expected), "{target} {accepted}");
        assert_eq!(answer.field("vary"), Some("Accept-Language"));
        let page = String::from_utf8(answer.body).unwrap();
        assert!(page.contains(&format!("<html lang=\"{expected}\">")), "{page}");
    }
}
