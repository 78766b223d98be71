//! What an operator decides within the freedom that RFC 9111 leaves. Owns the defaults.

/// Settings of one route's cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Lifetime in seconds of responses that may be stored and do not say how long (the `ttl` of
    /// the configuration). It goes before the heuristic.
    pub default_lifetime: Option<u32>,
    /// Whether a response with Last-Modified that does not say how long it is fresh is taken to
    /// be fresh for a tenth of its age (RFC 9111 section 4.2.2).
    pub heuristic: bool,
    /// Longest lifetime by the heuristic; seconds.
    pub heuristic_max: u32,
    /// Whether responses that do not say how long they are fresh are stored even if the request
    /// had a Cookie. Off: such a response is likely to be one person's.
    pub cookies_without_freshness: bool,
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

impl Policy {
    /// Default of [`heuristic_max`](Self::heuristic_max): a day.
    pub const HEURISTIC_MAX: u32 = 86_400;
    /// Default of [`soft_purge_window`](Self::soft_purge_window): five minutes.
    pub const SOFT_PURGE_WINDOW: u32 = 300;
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            default_lifetime: None,
            heuristic: true,
            heuristic_max: Self::HEURISTIC_MAX,
            cookies_without_freshness: false,
            stale_beside_s_maxage: false,
            default_stale_if_error: 0,
            soft_purge_window: Self::SOFT_PURGE_WINDOW,
        }
    }
}
