//! The answers of the origin, built once at start: head and body in one piece, so that an answer
//! is one `write`.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::SystemTime,
};

/// Bodies by path. The names say the size of the body.
pub(crate) const SIZES: [(&str, usize); 3] =
    [("/1k", 1024), ("/100k", 100 * 1024), ("/10m", 10 * 1024 * 1024)];

/// The path that answers with the request's head as the origin received it.
pub(crate) const ECHO: &str = "/head";

/// The path that answers with how many requests for [`CACHED`] came so far, in decimal.
pub(crate) const COUNT: &str = "/count";

/// What every path begins with whose answer a cache may keep.
pub(crate) const CACHED: &str = "/cache/";

/// Beginnings of paths that a cache may keep, with the size of the body, each a resource of its
/// own: the longest that fits counts.
pub(crate) const CACHED_SIZES: [(&str, usize); 3] =
    [("/cache/1k", 1024), ("/cache/10m", 10 * 1024 * 1024), (VARYING, 1024)];

/// The beginning of paths that have an answer for those who take gzip and one for the others.
pub(crate) const VARYING: &str = "/cache/vary";

/// The ETag of a varying answer for those who take gzip; the others get [`ETAG`].
pub(crate) const GZIP_ETAG: &str = "\"for-gzip\"";
/// The ETag of every other answer.
pub(crate) const ETAG: &str = "\"constant\"";

/// How long a cache may keep what it may keep, as in `Cache-Control`.
pub(crate) const MAX_AGE: &str = "max-age=864000";

/// An answer in one piece, and the length of its head.
struct Answer {
    path: &'static str,
    bytes: Vec<u8>,
    head: usize,
}

/// Every constant answer, and how often those were asked for that a cache may keep.
pub(crate) struct Answers {
    whole: Vec<Answer>,
    cached: Vec<Answer>,
    for_gzip: Answer,
    missing: Vec<u8>,
    asked: AtomicU64,
}

impl Answers {
    pub(crate) fn new() -> Answers {
        let now = httpdate::fmt_http_date(SystemTime::now());
        let cached = |path: &'static str, size, etag: &str| {
            let vary = if path == VARYING { "Vary: Accept-Encoding\r\n" } else { "" };
            let more = format!("Cache-Control: {MAX_AGE}\r\n{vary}");
            let (bytes, head) = message("200 OK", &now, etag, &more, &body(size));
            Answer { path, bytes, head }
        };
        Answers {
            whole: SIZES
                .iter()
                .map(|&(path, size)| {
                    let (bytes, head) = message("200 OK", FIXED_DATE, ETAG, "", &body(size));
                    Answer { path, bytes, head }
                })
                .collect(),
            cached: CACHED_SIZES.iter().map(|&(path, size)| cached(path, size, ETAG)).collect(),
            for_gzip: cached(VARYING, 1024, GZIP_ETAG),
            missing: message("404 Not Found", FIXED_DATE, ETAG, "", b"no such path\n").0,
            asked: AtomicU64::new(0),
        }
    }

    /// The answer to a request head that ends in its empty line; nothing for what the origin
    /// does not speak.
    pub(crate) fn to(&'static self, head: &[u8]) -> Option<Cow<'static, [u8]>> {
        let mut words = head.split(|&byte| byte == b' ');
        let method = words.next()?;
        let target = words.next()?;
        if method == b"GET" {
            if target == ECHO.as_bytes() {
                return Some(Cow::Owned(message("200 OK", FIXED_DATE, ETAG, "", head).0));
            }
            if target == COUNT.as_bytes() {
                let count = self.asked.load(Relaxed).to_string();
                let never = "Cache-Control: no-store\r\n";
                let answer = message("200 OK", FIXED_DATE, ETAG, never, count.as_bytes());
                return Some(Cow::Owned(answer.0));
            }
            let found = self.find(target, head);
            return Some(Cow::Borrowed(found.map_or(&self.missing, |found| &found.bytes)));
        }
        if method == b"HEAD" {
            let found = self.find(target, head)?;
            return Some(Cow::Borrowed(found.bytes.get(..found.head)?));
        }
        None
    }

    fn find(&self, target: &[u8], head: &[u8]) -> Option<&Answer> {
        if !target.starts_with(CACHED.as_bytes()) {
            return self.whole.iter().find(|answer| answer.path.as_bytes() == target);
        }
        self.asked.fetch_add(1, Relaxed);
        if target.starts_with(VARYING.as_bytes()) && takes_gzip(head) {
            return Some(&self.for_gzip);
        }
        let fits = |answer: &&Answer| target.starts_with(answer.path.as_bytes());
        self.cached.iter().filter(fits).max_by_key(|answer| answer.path.len())
    }
}

/// The date of answers that no cache keeps.
const FIXED_DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

/// The body of `size` bytes that every answer of that size has.
pub(crate) fn body(size: usize) -> Vec<u8> {
    let mut body = b"abcdefghijklmnopqrstuvwxyz0123456789".repeat(size.div_ceil(36));
    body.truncate(size);
    body
}

/// Whether an Accept-Encoding line names gzip. Good enough for what the load sends.
fn takes_gzip(head: &[u8]) -> bool {
    const NAME: &[u8] = b"accept-encoding:";
    head.split(|&byte| byte == b'\n').any(|line| {
        line.split_at_checked(NAME.len()).is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case(NAME) && memchr::memmem::find(value, b"gzip").is_some()
        })
    })
}

/// A response with the fields a plain web application sends, and the length of its head.
fn message(status: &str, date: &str, etag: &str, more: &str, body: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\n\
         Server: origin\r\n\
         Date: {date}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         ETag: {etag}\r\n\
         {more}\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    let head = bytes.len();
    bytes.extend_from_slice(body);
    (bytes, head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> &'static Answers {
        Box::leak(Box::new(Answers::new()))
    }

    fn ask(answers: &'static Answers, path: &str, fields: &str) -> String {
        let head = format!("GET {path} HTTP/1.1\r\n{fields}\r\n");
        String::from_utf8_lossy(&answers.to(head.as_bytes()).unwrap()).into_owned()
    }

    #[test]
    fn sizes_are_what_the_path_says() {
        for (path, size) in SIZES.into_iter().chain(CACHED_SIZES) {
            let text = ask(answers(), path, "");
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {size}")), "{head}");
            assert_eq!(body.len(), size);
        }
    }

    #[test]
    fn head_has_no_body_and_post_is_refused() {
        let answer = answers().to(b"HEAD /1k HTTP/1.1\r\n\r\n").unwrap();
        assert!(answer.ends_with(b"Content-Length: 1024\r\n\r\n"));
        assert!(answers().to(b"POST /1k HTTP/1.1\r\n\r\n").is_none());
    }

    #[test]
    fn echo_shows_the_head_as_received() {
        let head = b"GET /head HTTP/1.1\r\nHost: a\r\n\r\n";
        assert!(answers().to(head).unwrap().ends_with(head));
    }

    #[test]
    fn only_what_a_cache_may_keep_is_counted() {
        let answers = answers();
        ask(answers, "/1k", "");
        let kept = ask(answers, "/cache/1k/7", "");
        assert!(kept.contains(&format!("Cache-Control: {MAX_AGE}\r\n")), "{kept}");
        assert!(!kept.contains("2026-01-01") && !kept.contains(FIXED_DATE), "{kept}");
        ask(answers, "/cache/no-such", "");
        let count = ask(answers, COUNT, "");
        assert!(count.ends_with("\r\n\r\n2") && count.contains("no-store"), "{count}");
    }

    #[test]
    fn varying_answers_tell_who_they_are_for() {
        let of = |fields: &str| ask(answers(), "/cache/vary/1", fields);
        assert!(of("accept-encoding: br, gzip\r\n").contains(GZIP_ETAG));
        for fields in ["Accept-Encoding: identity\r\n", "User-Agent: gzip\r\n", ""] {
            let other = of(fields);
            assert!(other.contains(ETAG) && other.contains("Vary: Accept-Encoding"), "{other}");
        }
    }
}
