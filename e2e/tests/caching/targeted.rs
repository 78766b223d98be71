//! RFC 9213: CDN-Cache-Control goes before Cache-Control and Expires.

use crate::dates::from_now;
use crate::site::{Site, ok};

#[test]
fn rfc9213_2_2_the_targeted_field_decides() {
    let (past, future) = (from_now(-3600), from_now(3600));
    let (past, future) = (format!("Expires: {past}"), format!("Expires: {future}"));
    let site = Site::new();
    for (row, (fields, kept)) in [
        (&["CDN-Cache-Control: max-age=60"][..], true),
        (&["CDN-Cache-Control: max-age=60", "Cache-Control: max-age=0"], true),
        (&["CDN-Cache-Control: max-age=60", "Cache-Control: no-store"], true),
        (&["CDN-Cache-Control: max-age=60", "Cache-Control: private"], true),
        (&["CDN-Cache-Control: max-age=60", &past], true),
        (&["CDN-Cache-Control: max-age=60, foo, bar=?1"], true),
        (&["CDN-Cache-Control: max-age=0", "Cache-Control: max-age=60"], false),
        (&["CDN-Cache-Control: max-age=0", &future], false),
        (&["CDN-Cache-Control: no-store", "Cache-Control: max-age=60"], false),
        (&["CDN-Cache-Control: private", "Cache-Control: max-age=60"], false),
        (&["CDN-Cache-Control: no-cache", "Cache-Control: max-age=60"], false),
        (&["CDN-Cache-Control: max-age=60", "Age: 90"], false),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(site.keeps(&format!("/{row}"), ok(fields)), kept, "{fields:?}");
    }
}

#[test]
fn rfc9213_2_1_a_field_that_cannot_be_read_is_as_if_absent() {
    let site = Site::new();
    for (row, broken) in
        ["max-age=\"60\"", "max-age=6.5", "max-age=60, &&", "max-age = 60", "", "=", "max-age=a"]
            .into_iter()
            .enumerate()
    {
        let field = format!("CDN-Cache-Control: {broken}");
        let yes = ok(&[&field, "Cache-Control: max-age=60"]);
        let no = ok(&[&field, "Cache-Control: no-store"]);
        assert!(site.keeps(&format!("/yes/{row}"), yes), "{broken:?}");
        assert!(!site.keeps(&format!("/no/{row}"), no), "{broken:?}");
    }
}

#[test]
fn the_field_is_passed_on() {
    let site = Site::new();
    let field = "max-age=60";
    site.given("/", &[ok(&["CDN-Cache-Control: max-age=60", "Cache-Control: no-store"])]);
    for _ in 0..2 {
        let head = site.get("/").head;
        assert_eq!(head.one("cdn-cache-control"), Some(field));
        assert_eq!(head.one("cache-control"), Some("no-store"), "for those behind us");
    }
}
