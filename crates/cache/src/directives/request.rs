//! Directives of a request (RFC 9111 section 5.2.1).

use tombolo_http1::FieldId;

use super::{Argument, directives, smallest};
use crate::message::{Request, members};

/// What a client asks of caches on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RequestDirectives {
    /// Not without asking the origin (section 5.2.1.4, or `Pragma: no-cache` by section 5.4).
    pub no_cache: bool,
    /// Nothing of this exchange may be stored (section 5.2.1.5).
    pub no_store: bool,
    /// A stored response or 504 (section 5.2.1.7).
    pub only_if_cached: bool,
    /// Greatest age that is wanted; seconds (section 5.2.1.1).
    pub max_age: Option<u32>,
    /// How long ago it may have become stale; seconds, `u32::MAX` for any (section 5.2.1.2).
    pub max_stale: Option<u32>,
    /// How long it must still be fresh; seconds (section 5.2.1.3).
    pub min_fresh: Option<u32>,
    /// How long ago it may have become stale if the origin fails; seconds (RFC 5861 section 4).
    pub stale_if_error: Option<u32>,
}

impl RequestDirectives {
    /// Reads those of a request. Allocates nothing.
    #[inline]
    pub fn of(request: &Request<'_>) -> Self {
        let mut found = Self::default();
        if request.has(FieldId::CacheControl) {
            for line in request.lines(FieldId::CacheControl) {
                found.read_line(line);
            }
        } else if request.has(FieldId::Pragma) {
            let mut pragma = request.lines(FieldId::Pragma).flat_map(members);
            found.no_cache = pragma.any(|member| member.eq_ignore_ascii_case(b"no-cache"));
        }
        found
    }

    /// Adds the directives of one Cache-Control value.
    pub fn read_line(&mut self, line: &[u8]) {
        let (parts, balanced) = directives(line);
        for directive in parts {
            // What is malformed is read as asking for more freshness, or allowing no staleness.
            let seconds = directive.argument.seconds();
            if directive.is(b"no-cache") {
                self.no_cache = true;
            } else if directive.is(b"no-store") {
                self.no_store = true;
            } else if directive.is(b"only-if-cached") {
                self.only_if_cached = true;
            } else if directive.is(b"max-age") {
                smallest(&mut self.max_age, seconds.unwrap_or(0));
            } else if directive.is(b"max-stale") {
                let any = directive.argument == Argument::None;
                let stale = if any { u32::MAX } else { seconds.unwrap_or(0) };
                smallest(&mut self.max_stale, stale);
            } else if directive.is(b"min-fresh") {
                let fresh = seconds.unwrap_or(u32::MAX);
                self.min_fresh = Some(self.min_fresh.map_or(fresh, |before| before.max(fresh)));
            } else if directive.is(b"stale-if-error") {
                smallest(&mut self.stale_if_error, seconds.unwrap_or(0));
            }
        }
        if !balanced {
            self.max_stale = self.max_stale.map(|_| 0);
            self.stale_if_error = self.stale_if_error.map(|_| 0);
        }
    }
}
