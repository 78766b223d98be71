//! RFC 9110 section 14 and RFC 9111 sections 3.3 and 3.4: parts.

use crate::dates::from_now;
use crate::site::{Answer, Site, body, ranged, status};
use tombolo_e2e::Response;

const TEXT: &str = "0123456789abcdefghij";
const FRESH: [&str; 2] = ["Cache-Control: max-age=60", "ETag: \"a\""];

fn with_the_whole() -> Site {
    let site = Site::new();
    let modified = format!("Last-Modified: {}", from_now(-5000));
    site.given("/", &[body(&[&FRESH[..], &[&modified]].concat(), TEXT)]);
    assert_eq!(site.get("/").text(), TEXT);
    site
}

fn part_of(answer: &Response) -> (u16, String, Option<String>) {
    (answer.status(), answer.text(), answer.head.one("content-range").map(str::to_owned))
}

fn is_part(answer: &Response, text: &str, range: &str) {
    assert_eq!(part_of(answer), (206, text.to_owned(), Some(range.to_owned())));
    assert_eq!(answer.head.one("etag"), Some("\"a\""), "{:?}", answer.head);
}

#[test]
fn rfc9110_14_1_2_one_range_of_a_stored_whole() {
    let site = with_the_whole();
    let get = |range: &str| site.get_with("/", &[&format!("Range: {range}")]);
    is_part(&get("bytes=0-0"), "0", "bytes 0-0/20");
    is_part(&get("bytes=5-9"), "56789", "bytes 5-9/20");
    is_part(&get("bytes=15-"), "fghij", "bytes 15-19/20");
    is_part(&get("bytes=-3"), "hij", "bytes 17-19/20");
    is_part(&get("bytes=18-900"), "ij", "bytes 18-19/20");
    is_part(&get("bytes=-900"), TEXT, "bytes 0-19/20");
    is_part(&get("BYTES=0-1"), "01", "bytes 0-1/20");
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn rfc9110_14_2_what_is_no_range_is_ignored() {
    let site = with_the_whole();
    for range in ["lines=0-1", "bytes=5-1", "bytes=a-b", "bytes=", "bytes 0-1"] {
        let answer = site.get_with("/", &[&format!("Range: {range}")]);
        assert_eq!(part_of(&answer), (200, TEXT.to_owned(), None), "{range}");
    }
    let head = site.ask("HEAD", "/", &["Range: bytes=0-1"]);
    assert_eq!(head.status(), 200, "Range is for GET");
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn rfc9110_15_5_17_none_inside_is_416() {
    let site = with_the_whole();
    for range in ["bytes=20-", "bytes=900-901", "bytes=-0"] {
        let answer = site.get_with("/", &[&format!("Range: {range}")]);
        assert_eq!(part_of(&answer), (416, String::new(), Some("bytes */20".into())), "{range}");
    }
    assert_eq!(site.get("/").status(), 200);
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn rfc9110_15_3_7_2_several_ranges() {
    let site = with_the_whole();
    let answer = site.get_with("/", &["Range: bytes=0-1, 5-6, -1"]);
    assert_eq!(answer.status(), 206);
    let kind = answer.head.one("content-type").unwrap().to_owned();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
    assert!(!answer.head.has("content-range"));
    let text = answer.text();
    let parts: Vec<_> = text.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 5, "{text}");
    for (part, (range, bytes)) in
        parts[1..4].iter().zip([("0-1", "01"), ("5-6", "56"), ("19-19", "j")])
    {
        assert!(part.contains(&format!("ontent-Range: bytes {range}/20\r\n")), "{part}");
        assert!(part.ends_with(&format!("\r\n\r\n{bytes}\r\n")), "{part:?}");
    }
    assert!(parts[4].starts_with("--"));
    let long = site.get_with("/", &["Range: bytes=0-18, 1-19"]);
    assert_eq!(part_of(&long), (200, TEXT.into(), None), "no longer than the whole");
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn rfc9110_13_1_5_if_range() {
    let site = with_the_whole();
    let range = "Range: bytes=0-1";
    let get = |validator: &str| site.get_with("/", &[range, &format!("If-Range: {validator}")]);
    assert_eq!(get("\"a\"").status(), 206);
    for other in ["\"b\"", "W/\"a\"", "Thu, 01 Jan 1970 00:00:00 GMT", "junk"] {
        assert_eq!(part_of(&get(other)), (200, TEXT.into(), None), "{other}");
    }
    let modified = site.get("/").head.one("last-modified").unwrap().to_owned();
    assert_eq!(get(&modified).status(), 206);
    let known = site.get_with("/", &[range, "If-None-Match: \"a\""]);
    assert_eq!(known.status(), 304, "RFC 9110 section 13.2.2: before Range");
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn ranges_of_a_body_in_a_file() {
    let site = Site::with("memory = \"0\"", "cache = true");
    let text: String = (0..300_000_u32).map(|n| format!("{n:010}")).collect();
    site.given("/", &[body(&FRESH, &text)]);
    assert!(site.get("/").text() == text);
    assert!(site.settled("/", &[]).text() == text, "from the file");
    let middle = site.get_with("/", &["Range: bytes=1500000-1500019"]);
    is_part(&middle, "00001500000000150001", "bytes 1500000-1500019/3000000");
    let end = site.get_with("/", &["Range: bytes=-10"]);
    is_part(&end, "0000299999", "bytes 2999990-2999999/3000000");
    let long = site.get_with("/", &["Range: bytes=10-2500009"]);
    assert_eq!((long.status(), long.body.len()), (206, 2_500_000));
    assert!(long.text() == text[10..2_500_010]);
    let both = site.get_with("/", &["Range: bytes=0-9,2000000-2000009"]);
    assert_eq!(both.status(), 206);
    for bytes in ["\r\n\r\n0000000000\r\n", "\r\n\r\n0000200000\r\n"] {
        assert!(both.text().contains(bytes), "{}", both.text());
    }
    assert_eq!(site.asked("/").len(), 1);
}

fn by_parts() -> Site {
    let site = Site::new();
    site.given("/", &[ranged(&FRESH, TEXT.as_bytes())]);
    site
}

#[test]
fn rfc9111_3_3_a_stored_part_answers_what_it_covers() {
    let site = by_parts();
    is_part(&site.get_with("/", &["Range: bytes=5-9"]), "56789", "bytes 5-9/20");
    is_part(&site.get_with("/", &["Range: bytes=5-9"]), "56789", "bytes 5-9/20");
    is_part(&site.get_with("/", &["Range: bytes=6-7"]), "67", "bytes 6-7/20");
    assert_eq!(site.asked("/").len(), 1);
    is_part(&site.get_with("/", &["Range: bytes=12-13"]), "cd", "bytes 12-13/20");
    assert_eq!(site.asked("/").len(), 2);
    let suffix = by_parts();
    is_part(&suffix.get_with("/", &["Range: bytes=-5"]), "fghij", "bytes 15-19/20");
    is_part(&suffix.get_with("/", &["Range: bytes=-2"]), "ij", "bytes 18-19/20");
    assert_eq!(suffix.asked("/").len(), 1);
}

#[test]
fn rfc9111_3_3_a_part_is_never_sent_as_the_whole() {
    let site = by_parts();
    site.get_with("/", &["Range: bytes=5-9"]);
    assert_eq!(part_of(&site.get("/")), (200, TEXT.into(), None));
    assert_eq!(part_of(&site.get("/")), (200, TEXT.into(), None));
    assert_eq!(site.asked("/").len(), 2, "the whole took the part's place");
}

#[test]
fn rfc9111_3_4_parts_that_touch_are_joined() {
    let site = by_parts();
    site.get_with("/", &["Range: bytes=0-9"]);
    is_part(&site.get_with("/", &["Range: bytes=10-14"]), "abcde", "bytes 10-14/20");
    is_part(&site.get_with("/", &["Range: bytes=8-12"]), "89abc", "bytes 8-12/20");
    assert_eq!(site.asked("/").len(), 2, "from both");
    is_part(&site.get_with("/", &["Range: bytes=13-"]), "defghij", "bytes 13-19/20");
    assert_eq!(part_of(&site.get("/")), (200, TEXT.into(), None));
    assert_eq!(site.asked("/").len(), 3, "the parts have become the whole");
}

#[test]
fn rfc9111_3_4_a_part_is_completed() {
    for (range, rest) in [("bytes=0-9", "bytes=10-"), ("bytes=-5", "bytes=0-14")] {
        let site = by_parts();
        site.get_with("/", &[&format!("Range: {range}")]);
        let whole = site.get("/");
        assert_eq!(part_of(&whole), (200, TEXT.into(), None), "{range}");
        let asked = &site.asked("/")[1].head;
        assert_eq!((asked.one("range"), asked.one("if-range")), (Some(rest), Some("\"a\"")));
        assert_eq!(site.get("/").text(), TEXT);
        assert_eq!(site.asked("/").len(), 2);
    }
}

#[test]
fn rfc9111_3_4_what_is_of_another_version_is_not_joined() {
    let site = Site::new();
    let other: String = TEXT.to_uppercase();
    let newer = ranged(&["Cache-Control: max-age=60", "ETag: \"b\""], other.as_bytes());
    site.given("/", &[ranged(&FRESH, TEXT.as_bytes()), newer]);
    site.get_with("/", &["Range: bytes=0-9"]);
    let whole = site.get("/");
    assert_eq!((whole.status(), whole.text()), (200, other.clone()), "If-Range did not hold");
    assert_eq!(site.get("/").text(), other);
}

#[test]
fn what_is_no_rest_is_asked_for_whole() {
    for refusal in ["416 Range Not Satisfiable", "404 Not Found", "500 Broken"] {
        let site = Site::new();
        let part = ranged(&FRESH, TEXT.as_bytes());
        site.given("/", &[part, status(refusal, &[]), body(&FRESH, "another")]);
        site.get_with("/", &["Range: bytes=0-9"]);
        assert_eq!(part_of(&site.get("/")), (200, "another".into(), None), "{refusal}");
        let asked = &site.asked("/")[2].head;
        assert!(!asked.has("range") && !asked.has("if-range"), "{refusal}");
        assert_eq!(site.get("/").text(), "another");
    }
}

#[test]
fn ranges_of_what_is_stale() {
    let site = Site::new();
    let old = |more: &str| {
        body(&[&format!("Cache-Control: max-age=60{more}"), "Age: 90", "ETag: \"a\""], TEXT)
    };
    site.given("/same", &[old(""), status("304 Not Modified", &FRESH)]);
    site.given("/error", &[old(", stale-if-error=600"), status("503 Busy", &[])]);
    for path in ["/same", "/error"] {
        site.get(path);
        is_part(&site.get_with(path, &["Range: bytes=5-9"]), "56789", "bytes 5-9/20");
        let asked = &site.asked(path)[1].head;
        assert_eq!((asked.one("if-none-match"), asked.one("range")), (Some("\"a\""), None));
    }
}

#[test]
fn rfc9111_3_3_what_is_cut_short_is_not_stored() {
    let site = Site::new();
    let cut = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 20\r\n\r\n01234";
    site.given("/", &[Answer::Last(cut.into()), body(&FRESH, TEXT)]);
    let mut client = site.gateway().connect();
    client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    assert!(client.read_response().is_err(), "a client must see that it is cut");
    assert_eq!(site.get("/").text(), TEXT);
    assert_eq!(site.asked("/").len(), 2);
}

#[test]
fn parts_that_do_not_say_which_are_not_stored() {
    let site = Site::new();
    let odd = "HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\n\
               Content-Type: multipart/byteranges; boundary=x\r\nContent-Length: 5\r\n\r\n--x--";
    site.given("/", &[Answer::Raw(odd.into())]);
    for _ in 0..2 {
        assert_eq!(site.get_with("/", &["Range: bytes=0-1,3-4"]).text(), "--x--");
    }
    assert_eq!(site.asked("/").len(), 2);
}
