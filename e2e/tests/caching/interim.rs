//! RFC 9110 section 15.2: interim responses pass, and are not stored.

use crate::site::{Answer, Site};

#[test]
fn rfc8297_early_hints_pass_and_only_the_final_answer_is_stored() {
    let site = Site::new();
    let answer = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\
                  Cache-Control: max-age=600\r\n\r\n\
                  HTTP/1.1 102 Processing\r\n\r\n\
                  HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nbody";
    site.given("/", &[Answer::Raw(answer.into())]);
    let first = site.get("/");
    let seen: Vec<_> = first.interims.iter().map(tombolo_e2e::Head::status).collect();
    assert_eq!(seen, [103, 102]);
    assert_eq!(first.interims[0].one("link"), Some("</a.css>; rel=preload"));
    assert_eq!((first.status(), first.text()), (200, "body".into()));
    let second = site.get("/");
    assert_eq!((second.interims.len(), second.text()), (0, "body".into()));
    assert_eq!(second.head.one("cache-control"), Some("max-age=60"));
    assert!(!second.head.has("link"));
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn early_hints_before_a_304_do_not_change_what_is_stored() {
    let site = Site::new();
    let stored = crate::site::ok(&["Cache-Control: max-age=60", "Age: 90", "ETag: \"a\""]);
    let confirmed = "HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n\
                     HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nCache-Control: max-age=60\r\n\r\n";
    site.given("/", &[stored, Answer::Raw(confirmed.into())]);
    site.get("/");
    for _ in 0..2 {
        let answer = site.get("/");
        assert_eq!((answer.status(), answer.text()), (200, "answer 1".into()));
        assert!(!answer.head.has("x-hint"));
    }
    assert_eq!(site.asked("/").len(), 2);
}
