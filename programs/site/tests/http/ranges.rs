//! Range requests (RFC 9110, section 14) over sockets.

use crate::harness::{Answer, Replica, pattern};

#[test]
fn one_range_is_sent_as_it_is() {
    let replica = Replica::of_folder();
    replica.put("file.txt", "0123456789");
    for (range, content_range, body) in [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-5", "bytes 2-5/10", "2345"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=-30", "bytes 0-9/10", "0123456789"),
        ("bytes=0-1,1-4", "bytes 0-4/10", "01234"),
        ("bytes=8-9,200-300", "bytes 8-9/10", "89"),
    ] {
        let answer = replica.get_with("/file.txt", &[("Range", range)]);
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.field("content-range"), Some(content_range), "{range}");
        assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"));
        assert!(answer.field("etag").is_some());
        assert_eq!(answer.text(), body, "{range}");
    }
}

#[test]
fn ranges_of_a_large_file_are_exact() {
    let replica = Replica::of_folder();
    let content = pattern(700_000);
    replica.put("file.bin", &content);
    for (first, last) in [(0, 0), (65_535, 65_536), (1, 699_998), (699_999, 699_999), (3, 400_000)]
    {
        let range = format!("bytes={first}-{last}");
        let answer = replica.get_with("/file.bin", &[("Range", &range)]);
        assert_eq!(answer.status, 206, "{range}");
        assert!(answer.body == content[first..=last], "{range} arrived changed");
    }
}

#[test]
fn several_ranges_come_as_multipart() {
    let replica = Replica::of_folder();
    let content = pattern(300_000);
    replica.put("file.css", &content);
    replica.put("small.css", &content[..100]);
    for (target, ranges, length) in [
        ("/file.css", vec![(0, 9), (100_000, 270_000), (299_990, 299_999)], 300_000),
        ("/small.css", vec![(50, 59), (0, 0)], 100),
    ] {
        let list: Vec<String> = ranges.iter().map(|(a, b)| format!("{a}-{b}")).collect();
        let answer = replica.get_with(target, &[("Range", &format!("bytes={}", list.join(", ")))]);
        assert_eq!(answer.status, 206);
        assert_eq!(answer.field("content-range"), None);
        let parts = multipart(&answer);
        assert_eq!(parts.len(), ranges.len());
        for ((first, last), part) in ranges.into_iter().zip(parts) {
            assert_eq!(part.field("content-type"), Some("text/css; charset=utf-8"));
            let expected = format!("bytes {first}-{last}/{length}");
            assert_eq!(part.field("content-range"), Some(expected.as_str()));
            assert!(part.body == content[first..=last], "{first}-{last} arrived changed");
        }
    }
}

/// Takes a multipart body apart (RFC 2046, section 5.1), by the lengths the parts tell.
fn multipart(answer: &Answer) -> Vec<Answer> {
    let content_type = answer.field("content-type").unwrap();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let mut rest = answer.body.as_slice();
    let mut parts = Vec::new();
    let first = format!("--{boundary}\r\n");
    let next = format!("\r\n--{boundary}\r\n");
    let last = format!("\r\n--{boundary}--\r\n");
    rest = rest.strip_prefix(first.as_bytes()).unwrap();
    loop {
        let end = rest.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = [b"HTTP/1.1 206 part\r\n", &rest[..end]].concat();
        let mut part = Answer::parse_head(&head);
        let range = part.field("content-range").unwrap().strip_prefix("bytes ").unwrap();
        let (range, _) = range.split_once('/').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let length = to.parse::<usize>().unwrap() - from.parse::<usize>().unwrap() + 1;
        part.body = rest[end + 4..end + 4 + length].to_vec();
        rest = &rest[end + 4 + length..];
        parts.push(part);
        if rest == last.as_bytes() {
            return parts;
        }
        rest = rest.strip_prefix(next.as_bytes()).unwrap();
    }
}

#[test]
fn a_range_outside_is_not_satisfiable() {
    let replica = Replica::of_folder();
    replica.put("file", "0123456789");
    replica.put("empty", "");
    for (target, range, length) in [
        ("/file", "bytes=10-", "bytes */10"),
        ("/file", "bytes=10-20,30-40", "bytes */10"),
        ("/file", "bytes=-0", "bytes */10"),
        ("/empty", "bytes=0-", "bytes */0"),
    ] {
        let answer = replica.get_with(target, &[("Range", range)]);
        assert_eq!((answer.status, answer.field("content-range")), (416, Some(length)), "{range}");
    }
    assert_eq!(replica.get_with("/empty", &[("Range", "bytes=-5")]).status, 200);
}

#[test]
fn what_does_not_count_gets_the_whole() {
    let replica = Replica::of_folder();
    replica.put("file", "0123456789");
    let many = vec!["1-1"; 17].join(",");
    let many = format!("bytes={many}");
    for range in ["bytes=5-2", "items=0-1", "bytes=x", "0-1", many.as_str()] {
        let answer = replica.get_with("/file", &[("Range", range)]);
        assert_eq!((answer.status, answer.body.len()), (200, 10), "{range}");
        assert_eq!(answer.field("content-range"), None);
    }
    let twice = [("Range", "bytes=0-1"), ("Range", "bytes=2-3")];
    assert_eq!(replica.get_with("/file", &twice).status, 200);
    let head = replica.request("HEAD", "/file", &[("Range", "bytes=0-1")]);
    assert_eq!((head.status, head.field("content-length")), (200, Some("10")));
}

#[test]
fn ranges_of_a_coded_file_are_of_its_coded_bytes() {
    let replica = Replica::of_folder();
    replica.put("app.js", "0123456789");
    replica.put("app.js.br", "abcdef");
    let coded = ("Accept-Encoding", "br");
    let one = replica.get_with("/app.js", &[coded, ("Range", "bytes=1-2")]);
    assert_eq!((one.status, one.text().as_str()), (206, "bc"));
    assert_eq!(one.field("content-encoding"), Some("br"));
    assert_eq!(one.field("content-range"), Some("bytes 1-2/6"));
    // A multipart under a coding would be read as coded itself.
    let several = replica.get_with("/app.js", &[coded, ("Range", "bytes=0-0,5-5")]);
    assert_eq!((several.status, several.text().as_str()), (200, "abcdef"));
}
