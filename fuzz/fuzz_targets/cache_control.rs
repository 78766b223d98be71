//! Any bytes as Cache-Control and CDN-Cache-Control, of a request and of a response: never a
//! panic, never more freshness than a field says, and more text after a restriction never lifts it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_cache::directives::{DELTA_SECONDS_MAX, RequestDirectives, ResponseDirectives, Scope};
use tombolo_cache::message::Response;
use tombolo_http1::{HeadLimits, Method, ResponseHead};

fuzz_target!(|data: &[u8]| {
    let mut request = RequestDirectives::default();
    request.read_line(data);

    let mut response = ResponseDirectives::default();
    response.read_line(data);
    check(&response);
    restrict(data);
    targeted(data);
});

fn check(found: &ResponseDirectives) {
    let numbers =
        [found.max_age, found.s_maxage, found.stale_while_revalidate, found.stale_if_error];
    assert!(numbers.into_iter().flatten().all(|secs| secs <= DELTA_SECONDS_MAX));
    let withholds = found.no_cache == Scope::Fields || found.private == Scope::Fields;
    assert!(!withholds || !found.withheld.is_empty());
    assert!(found.withheld.iter().all(|name| !name.is_empty()));
}

/// A line of its own with restrictions, before or after, is never undone.
fn restrict(data: &[u8]) {
    let strict: &[u8] = b"no-store, private, max-age=1, must-revalidate";
    for order in [[strict, data], [data, strict]] {
        let mut found = ResponseDirectives::default();
        for line in order {
            found.read_line(line);
        }
        assert!(found.no_store && found.must_revalidate);
        assert_eq!(found.private, Scope::Everything);
        assert!(found.max_age.is_some_and(|secs| secs <= 1));
    }
}

/// As a field of a head, if the bytes can stand in one.
fn targeted(data: &[u8]) {
    let wire = [b"HTTP/1.1 200 OK\r\nCDN-Cache-Control: ", data, b"\r\n\r\n"].concat();
    let mut head = ResponseHead::new();
    if let Ok(Some(taken)) = head.parse(&wire, &HeadLimits::default(), Method::Get)
        && taken == wire.len()
    {
        check(&ResponseDirectives::of(&Response { head: &head, buf: &wire }));
    }
}
