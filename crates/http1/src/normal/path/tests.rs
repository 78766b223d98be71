//! Paths that are one, and paths that are not.

use super::*;

fn form(sent: &str) -> Result<String, PathError> {
    path(sent.as_bytes()).map(|form| String::from_utf8(form).unwrap())
}

fn resolved(sent: &str) -> String {
    let mut path = NormalPath::default();
    path.read(sent.as_bytes()).unwrap();
    String::from_utf8(path.resolved(sent.as_bytes()).to_vec()).unwrap()
}

#[test]
fn rfc3986_6_2_2_spellings_of_one_path() {
    for (sent, one) in [
        ("", "/"),
        ("?q", "/?q"),
        ("/", "/"),
        ("/%6cogin", "/login"),
        ("/logi%6E?x=%6e//..", "/login?x=%6e//.."),
        ("//login", "/login"),
        ("/a///b//", "/a/b/"),
        ("/%7Euser", "/~user"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/a|b\"", "/a%7Cb%22"),
        ("/100%", "/100%25"),
        ("/%%36%31", "/%2561"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%3bb;c", "/a%3Bb;c"),
        ("/.well-known/x", "/.well-known/x"),
        ("/...", "/..."),
        ("/%252e%252e/x", "/%252e%252e/x"),
    ] {
        assert_eq!(form(sent).as_deref(), Ok(one), "{sent}");
    }
}

#[test]
fn rfc3986_5_2_4_dot_segments_are_resolved() {
    for (sent, normal, sent_on) in [
        ("/./InRelease", "/InRelease", "/InRelease"),
        ("/a/../b?c/../d", "/b?c/../d", "/b?c/../d"),
        ("/a/.", "/a/", "/a/"),
        ("/a/b/..", "/a/", "/a/"),
        ("/a/%2e%2E/%7eb//c", "/~b/c", "/%7eb//c"),
        ("/a/b/c/./../../g", "/a/g", "/a/g"),
        ("/a//../b", "/b", "/b"),
        ("/a//.", "/a/", "/a//"),
        ("//a/..", "/", "//"),
    ] {
        assert_eq!(form(sent).as_deref(), Ok(normal), "{sent}");
        assert_eq!(resolved(sent), sent_on, "{sent}");
        assert_eq!(form(&resolved(sent)), form(sent), "{sent}");
    }
    assert_eq!(resolved("/%7Ea//b"), "/%7Ea//b");
}

#[test]
fn what_servers_disagree_on_has_no_form() {
    for sent in ["/..", "/a/../..", "/%2e%2e/x", "//../x", "/./..", "/a/../../a/b"] {
        assert_eq!(form(sent), Err(PathError::AboveRoot), "{sent}");
    }
    assert_eq!(form("/a%00.png"), Err(PathError::Nul));
    for sent in [
        "/a/..%2fb",
        "/a%2f../b",
        "/a/..\\b",
        "/x%5C..%5Cb",
        "/a/..;/b",
        "/a/%2e.;x=1/b",
        "/.%2fb",
        "/%2f./b",
        "/.\\b",
        "/.;/b",
        "/a%2F%2e",
    ] {
        assert_eq!(form(sent), Err(PathError::HiddenDots), "{sent}");
    }
    for sent in
        ["/a..%2fb", "/a/b;..", "/a%2Fb..", "/a%2F...%2Fb", "/a?x=..%2f", "/a%2F.b", "/.a;."]
    {
        assert!(form(sent).is_ok(), "{sent}");
    }
}

#[test]
fn a_path_in_its_form_is_not_copied() {
    for sent in ["/", "/a/b.c?d=%2e&e=f", "/assets/app.js?v=12"] {
        let mut path = NormalPath::default();
        path.read(sent.as_bytes()).unwrap();
        assert_eq!(path.normal.capacity(), 0, "{sent}");
        assert_eq!(path.normal(sent.as_bytes()), sent.as_bytes());
    }
}

#[test]
fn what_a_server_may_tell_apart_is_respelled() {
    let is_respelled = |sent: &str| {
        let mut path = NormalPath::default();
        path.read(sent.as_bytes()).unwrap();
        path.is_respelled()
    };
    assert!(["/%61", "//a", "/a//", "/%"].into_iter().all(is_respelled));
    assert!(!["/caf%c3%a9", "/a|b", "/./a", "/.a", "/a/"].into_iter().any(is_respelled));
}

#[test]
fn a_prefix_ends_with_a_segment() {
    for (prefix, path, fits) in [
        ("/api", "/api", true),
        ("/api", "/api?q", true),
        ("/api", "/api/x", true),
        ("/api", "/api;v=1", true),
        ("/api", "/apix", false),
        ("/api/", "/api", false),
        ("/", "/x", true),
    ] {
        assert_eq!(lies_below(prefix.as_bytes(), path.as_bytes()), fits, "{prefix} {path}");
    }
}
