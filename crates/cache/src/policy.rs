//! What an operator decides within the freedom that RFC 9111 leaves. Owns the defaults.

use crate::credentials::FieldPatterns;

/// Settings of one route's cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Lifetime in seconds of responses that may be stored and do not say how long (the `ttl` of
    /// the configuration). It goes before the heuristic. Only for statuses that a field of the
    /// request does not easily provoke (see [`lifetime_of`](Self::lifetime_of)).
    pub default_lifetime: Option<u32>,
    /// Longest configured lifetime of 404 and 410, in seconds: what is not there now may be soon.
    pub not_found_lifetime: u32,
    /// Which responses that set a cookie are stored.
    pub set_cookie: SetCookie,
    /// Whether a response with Last-Modified that does not say how long it is fresh is taken to
    /// be fresh for a tenth of its age (RFC 9111 section 4.2.2).
    pub heuristic: bool,
    /// Longest lifetime by the heuristic; seconds.
    pub heuristic_max: u32,
    /// Whether responses that do not say how long they are fresh are stored and used even if the
    /// request has a Cookie. Off: such a response is likely to be one person's.
    pub cookies_without_freshness: bool,
    /// Name of the cookie that the gateway itself sets, which says nothing of its user.
    pub own_cookie: Option<Box<str>>,
    /// Fields of requests that are credentials as Authorization is.
    pub credential_headers: FieldPatterns,
    /// Whether `stale-while-revalidate` and `stale-if-error` count beside `s-maxage`. Off: RFC
    /// 9111 section 5.2.2.10 lets `s-maxage` forbid all use of stale responses. On: an origin
    /// that says both means both.
    pub stale_beside_s_maxage: bool,
    /// Seconds for which a stale response that says nothing of it may be used when the origin
    /// fails (RFC 9111 section 4.2.4).
    pub default_stale_if_error: u32,
    /// Seconds for which a softly purged response may be used while it is validated.
    pub soft_purge_window: u32,
}

/// Which responses with Set-Cookie are stored. The cookie is stored with them, so all who are
/// answered from the cache get it. Never one whose lifetime is not its own word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SetCookie {
    /// Those that open themselves to shared caches: `public`, `s-maxage`, CDN-Cache-Control.
    #[default]
    SharedOnly,
    /// Those that say how long they are fresh (RFC 9111 section 7.3).
    Store,
    /// None.
    Never,
}

impl SetCookie {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::SharedOnly, Self::Store, Self::Never];

    /// The word for it in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SharedOnly => "shared-only",
            Self::Store => "store",
            Self::Never => "never",
        }
    }
}

impl Policy {
    /// Default of [`not_found_lifetime`](Self::not_found_lifetime).
    pub const NOT_FOUND_LIFETIME: u32 = 10;
    /// Default of [`heuristic_max`](Self::heuristic_max): a day.
    pub const HEURISTIC_MAX: u32 = 86_400;
    /// Default of [`soft_purge_window`](Self::soft_purge_window): five minutes.
    pub const SOFT_PURGE_WINDOW: u32 = 300;
}

impl Policy {
    /// The configured lifetime of a response with this status that does not say its own; seconds.
    /// `public`: it opens itself to all caches, whatever its status.
    ///
    /// 405, 414 and 501 are not among them, though RFC 9110 lets caches guess at them too: a field
    /// of one request can provoke them, and they would answer all others.
    pub fn lifetime_of(&self, status: u16, public: bool) -> Option<u32> {
        let lifetime = self.default_lifetime?;
        match status {
            404 | 410 => Some(lifetime.min(self.not_found_lifetime)),
            200 | 203 | 204 | 206 | 300 | 301 | 308 => Some(lifetime),
            _ => public.then_some(lifetime),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            default_lifetime: None,
            not_found_lifetime: Self::NOT_FOUND_LIFETIME,
            set_cookie: SetCookie::default(),
            heuristic: true,
            heuristic_max: Self::HEURISTIC_MAX,
            cookies_without_freshness: false,
            own_cookie: None,
            credential_headers: FieldPatterns::credentials(),
            stale_beside_s_maxage: false,
            default_stale_if_error: 0,
            soft_purge_window: Self::SOFT_PURGE_WINDOW,
        }
    }
}
