//! Rows 16 to 20: the chunked coding of request bodies.

use crate::evidence::{SMUGGLED, accepted, chunked, either, post, refused};
use tombolo_e2e::Framing;

#[test]
fn row_16_chunk_sizes_that_are_no_hexadecimal_numbers() {
    for size in [
        "0x5",
        "+5",
        "-0",
        "-5",
        "5_0",
        " 5",
        "5 ",
        "\t5",
        "5\t",
        "",
        "g",
        "5g",
        "5,",
        "\u{b2}",
        "00000000000000005",
        "10000000000000005",
        "ffffffffffffffffff",
    ] {
        let message = chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n"));
        refused(&format!("row 16, {size:?}"), &message, &[400]);
    }
}

#[test]
fn row_16_sizes_near_the_end_of_the_number_line() {
    for size in ["ffffffffffffffff", "fffffffffffffffe", "8000000000000000", "7fffffffffffffff"] {
        let message = chunked(&format!("5\r\nhello\r\n{size}\r\n"));
        refused(&format!("row 16, {size}"), &message, &[400, 413]);
    }
}

#[test]
fn row_16_sizes_that_are_unusual_but_right() {
    for size in ["A", "a", "0a", "000000000000000a"] {
        let body = format!("{size}\r\n0123456789\r\n0\r\n\r\n");
        let message = post(&["Transfer-Encoding: chunked"], &body);
        either(&format!("row 16, {size:?}"), &message, &[400], |request| {
            assert_eq!(request.body, b"0123456789");
        });
    }
}

#[test]
fn row_17_lines_ended_otherwise() {
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;\nhello\r\n0\r\n\r\n",
        "5;a=b\rc\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "2\r\nxx\n5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: a\n\r\n",
        "5\r\nhello\r\n0\r\nX: a\r\r\n\r\n",
    ] {
        refused(&format!("row 17, {body:?}"), &chunked(body), &[400]);
    }
}

#[test]
fn row_18_data_longer_or_shorter_than_said() {
    for body in [
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhell\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello\r\nhello\r\n0\r\n\r\n",
        "3\r\nabc\r\n\r\n0\r\n\r\n",
    ] {
        refused(&format!("row 18, {body:?}"), &chunked(body), &[400]);
    }
}

#[test]
fn row_19_extensions_are_not_passed_on() {
    let body = "5;name=value\r\nhello\r\n6;q=\"a;b\"\r\n world\r\n0;last\r\n\r\n";
    accepted("row 19", &post(&["Transfer-Encoding: chunked"], body), 1, |requests| {
        // The origin's reader refuses extensions, so whole requests prove that there were none.
        assert_eq!(requests[0].framing, Framing::Chunked);
        assert_eq!(requests[0].body, b"hello world");
    });
}

#[test]
fn row_19_huge_extensions_are_cut_off() {
    let long = "x".repeat(100_000);
    refused("row 19, one", &chunked(&format!("5;{long}\r\nhello\r\n0\r\n\r\n")), &[400, 413, 431]);
    let many =
        "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n".repeat(5000);
    refused("row 19, in all", &chunked(&format!("{many}0\r\n\r\n")), &[400, 413, 431]);
}

#[test]
fn row_19_tiny_chunks_stay_a_body() {
    let body = format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(20_000));
    let message = post(&["Transfer-Encoding: chunked"], &body);
    either("row 19, tiny", &message, &[400, 413], |request| {
        assert_eq!(request.body.len(), 20_000);
    });
}

#[test]
fn row_20_trailers_that_would_change_the_message() {
    let body = "5\r\nhello\r\n0\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\nHost: evil\r\n\
                Authorization: x\r\nContent-Type: text/html\r\nConnection: close\r\nTE: x\r\n\
                Cookie: a=b\r\nX-Forwarded-For: 10.0.0.1\r\nX-Checksum: 1\r\n\r\n";
    accepted("row 20", &post(&["Transfer-Encoding: chunked"], body), 1, |requests| {
        let request = &requests[0];
        assert_eq!(request.body, b"hello");
        let names: Vec<_> = request.trailers.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.iter().all(|name| *name == "X-Checksum"), "{names:?}");
        assert_eq!(request.head.all("host"), ["example.org"]);
        assert!(!request.head.has("authorization") && !request.head.has("content-length"));
        assert!(!request.head.has("x-checksum"), "trailers are never merged");
    });
}

#[test]
fn row_20_trailers_are_read_as_strictly_as_heads() {
    for trailer in ["X : a", " X: a", "X\0: a", "no colon", ": a", "X: a\u{01}"] {
        let body = format!("5\r\nhello\r\n0\r\n{trailer}\r\n\r\n");
        refused(&format!("row 20, {trailer:?}"), &chunked(&body), &[400]);
    }
    let long = format!("5\r\nhello\r\n0\r\nX: {}\r\n\r\n", "y".repeat(100_000));
    refused("row 20, long", &chunked(&long), &[400, 413, 431]);
}

/// The counter-proof: what follows a proper last chunk is the next request, and only that.
#[test]
fn what_follows_the_last_chunk_is_the_next_request() {
    let body = format!("a\r\n0\r\n\r\nGET /\r\n0\r\n\r\n{SMUGGLED}");
    accepted("next request", &post(&["Transfer-Encoding: chunked"], &body), 2, |requests| {
        assert_eq!(requests[0].body, b"0\r\n\r\nGET /");
        assert_eq!(requests[1].head.target(), "/smuggled");
    });
}
