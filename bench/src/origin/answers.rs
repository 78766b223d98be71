//! The answers of the origin, built once at start: head and body in one piece, so that an answer
//! is one `write`.

use std::borrow::Cow;

/// Bodies by path. The names say the size of the body.
pub(crate) const SIZES: [(&str, usize); 3] =
    [("/1k", 1024), ("/100k", 100 * 1024), ("/10m", 10 * 1024 * 1024)];

/// The path that answers with the request's head as the origin received it.
pub(crate) const ECHO: &str = "/head";

/// Every constant answer.
pub(crate) struct Answers {
    whole: Vec<(&'static str, Vec<u8>, usize)>,
    missing: Vec<u8>,
}

impl Answers {
    pub(crate) fn new() -> Answers {
        let whole = SIZES
            .iter()
            .map(|&(path, size)| {
                let mut body = b"abcdefghijklmnopqrstuvwxyz0123456789".repeat(size.div_ceil(36));
                body.truncate(size);
                let (bytes, head) = message("200 OK", &body);
                (path, bytes, head)
            })
            .collect();
        Answers { whole, missing: message("404 Not Found", b"no such path\n").0 }
    }

    /// The answer to a request head that ends in its empty line; nothing for what the origin
    /// does not speak.
    pub(crate) fn to(&'static self, head: &[u8]) -> Option<Cow<'static, [u8]>> {
        let mut words = head.split(|&byte| byte == b' ');
        let method = words.next()?;
        let target = words.next()?;
        if method == b"GET" {
            if target == ECHO.as_bytes() {
                return Some(Cow::Owned(message("200 OK", head).0));
            }
            return Some(Cow::Borrowed(self.find(target).map_or(&self.missing, |found| found.0)));
        }
        if method == b"HEAD" {
            let (bytes, head_length) = self.find(target)?;
            return Some(Cow::Borrowed(bytes.get(..head_length)?));
        }
        None
    }

    fn find(&self, target: &[u8]) -> Option<(&Vec<u8>, usize)> {
        self.whole
            .iter()
            .find(|(path, ..)| path.as_bytes() == target)
            .map(|(_, bytes, head)| (bytes, *head))
    }
}

/// A response with the fields a plain web application sends, and the length of its head.
fn message(status: &str, body: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\n\
         Server: origin\r\n\
         Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         ETag: \"constant\"\r\n\
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

    #[test]
    fn sizes_are_what_the_path_says() {
        for (path, size) in SIZES {
            let answer = answers().to(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
            let text = String::from_utf8_lossy(&answer);
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
}
