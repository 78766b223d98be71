//! What a bucket still allows, as answers tell it: `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4).

use tombolo_http1::write;

/// What is left of a route's limit for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// The limit: so many requests in so many seconds.
    pub(super) requests: u64,
    pub(super) seconds: u64,
    /// Requests that would pass now.
    pub(super) left: u64,
    /// Seconds until there are more: after a refusal until the next would pass, else until the
    /// bucket is full.
    pub(super) reset: u64,
}

impl Allowance {
    /// Writes both fields. Both are lists (RFC 9651 section 3.1), so what an upstream says of
    /// limits of its own stands beside them, on lines of its own.
    pub(crate) fn write_fields(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"RateLimit-Policy: \"route\";q=");
        write::number(out, self.requests);
        out.extend_from_slice(b";w=");
        write::number(out, self.seconds);
        out.extend_from_slice(b"\r\nRateLimit: \"route\";r=");
        write::number(out, self.left);
        out.extend_from_slice(b";t=");
        write::number(out, self.reset);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fields_tell_the_limit_and_what_is_left() {
        let mut out = Vec::new();
        Allowance { requests: 100, seconds: 60, left: 7, reset: 31 }.write_fields(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "RateLimit-Policy: \"route\";q=100;w=60\r\nRateLimit: \"route\";r=7;t=31\r\n"
        );
    }
}
