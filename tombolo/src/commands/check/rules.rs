//! The rules that hold on a route although nobody wrote them: what an operator would have to know to
//! foresee what becomes of a request. Each says what holds here, and the key that changes it.

use std::time::Duration;

use tombolo_daemon::config::{
    Cache, Config, Ejection, ForwardPath, Limits, RetryBudget, Route, Timeouts, Upstream,
};
use tombolo_daemon::memory::in_words;

/// A rule of Tombolo's own.
pub(super) struct Rule {
    /// Its name; programs may rely upon it.
    pub(super) name: &'static str,
    /// Section and key of the file that change it. None: nothing does.
    pub(super) key: Option<(&'static str, &'static str)>,
    /// What holds on a route. None: something else was written, or it has no meaning there.
    told: fn(&Place<'_>) -> Option<String>,
}

/// A route and what belongs to it.
pub(super) struct Place<'c> {
    config: &'c Config,
    route: &'c Route,
    upstream: &'c Upstream,
}

impl<'c> Place<'c> {
    pub(super) fn of(config: &'c Config, route: &'c Route) -> Option<Self> {
        Some(Self { config, route, upstream: config.upstreams.get(route.upstream)? })
    }

    /// Each rule that holds, and what it says here.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&'static Rule, String)> + use<'_, 'c> {
        RULES.iter().filter_map(|rule| Some((rule, (rule.told)(self)?)))
    }

    fn has_several_servers(&self) -> bool {
        self.upstream.servers.len() > 1 || self.upstream.srv.is_some()
    }

    /// A timeout that neither the gateway, the upstream nor the route changes.
    fn usual(&self, name: &str, now: Duration, usual: Duration) -> Option<String> {
        let is_said = |said: &Route, upstream: &Upstream| {
            said.timeouts.or(upstream.timeouts).said().any(|(key, _)| key == name)
        };
        (now == usual && !is_said(self.route, self.upstream)).then(|| span(usual))
    }
}

fn when(holds: bool, words: &str) -> Option<String> {
    holds.then(|| words.to_owned())
}

fn span(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

const fn rule(
    name: &'static str,
    key: Option<(&'static str, &'static str)>,
    told: fn(&Place<'_>) -> Option<String>,
) -> Rule {
    Rule { name, key, told }
}

/// Every one, in the order in which a request meets them.
pub(super) static RULES: [Rule; 36] = [
    rule("paths", None, |_| {
        when(
            true,
            "a path that climbs above the root, holds %00 or hides dots behind an encoded slash is answered 400",
        )
    }),
    rule("methods", None, |_| when(true, "TRACE is answered 405 and CONNECT 501")),
    rule("forwarding-fields", Some(("gateway", "trusted")), |at| {
        when(
            at.config.gateway.trusted.is_empty(),
            "X-Forwarded-*, Forwarded, X-Real-IP and the like are replaced or removed, whoever sends them; so is X-Request-Id",
        )
    }),
    rule("rate", Some(("route", "rate_limit")), |at| {
        when(at.route.rate_limits.is_empty(), "a client may ask as often as it likes")
    }),
    rule("body-size", Some(("gateway.limits", "body_bytes")), |at| {
        let most = at.config.body_limit(at.route)?;
        (most == Limits::DEFAULT.body_bytes)
            .then(|| format!("a request body beyond {} is answered 413", in_words(most)))
    }),
    rule("body-pause", Some(("gateway.timeouts", "body_gap")), |at| {
        let now = at.config.gateway.timeouts.body_gap;
        let time = at.usual("body_gap", now, Timeouts::DEFAULT.body_gap)?;
        Some(format!("a body that stops for {time} ends the exchange"))
    }),
    rule("slow-client", Some(("gateway.limits", "client_rate")), |at| {
        let said = at.route.limits.or(at.upstream.limits).client_rate;
        let now = said.unwrap_or(at.config.gateway.limits.client_rate);
        (now == Limits::DEFAULT.client_rate)
            .then(|| format!("a client that moves less than {now} bytes a second of a body is cut"))
    }),
    rule("paused-client", Some(("gateway.timeouts", "client_stall")), |at| {
        let now = at.config.gateway.timeouts.client_stall;
        let time = at.usual("client_stall", now, Timeouts::DEFAULT.client_stall)?;
        Some(format!(
            "a client that takes nothing of its response for {time}, or whose place is needed, is cut"
        ))
    }),
    rule("no-cache", Some(("route", "cache")), |at| {
        when(at.route.cache.is_none(), "no response is stored, whatever it says of its freshness")
    }),
    rule("query", Some(("route.cache", "query")), |at| {
        let cache = at.route.cache.as_ref()?;
        when(
            cache.key == Default::default(),
            "requests that differ in the query, or in its order, have stored responses of their own",
        )
    }),
    rule("respelled-path", Some(("route", "forward_path")), |at| {
        when(
            at.route.cache.is_some() && at.route.forward_path == ForwardPath::Resolved,
            "a request whose path is not in normal form passes the cache by",
        )
    }),
    rule("method-override", None, |at| {
        when(
            at.route.cache.is_some(),
            "a request with X-HTTP-Method-Override or the like passes the cache by",
        )
    }),
    rule("credentials", Some(("cache", "credential_headers")), |at| {
        let cache = at.route.cache.as_ref()?;
        when(
            cache.policy.credential_headers == Cache::default().policy.credential_headers,
            "a request with credentials (Authorization, X-Api-Key, *-token and the like) is answered from the cache only where the response itself says that it may be",
        )
    }),
    rule("cookies", Some(("cache", "cookies_without_freshness")), |at| {
        when(
            !at.route.cache.as_ref()?.policy.cookies_without_freshness,
            "a request with a cookie is answered from the cache only where the response itself says how long it is fresh",
        )
    }),
    rule("own-cookie", None, |at| {
        let name = at.route.cache.as_ref()?.policy.own_cookie.as_ref()?;
        Some(format!("the cookie {name} of `sticky` does not count as one"))
    }),
    rule("set-cookie", Some(("cache", "set_cookie")), |at| {
        when(
            at.route.cache.as_ref()?.policy.set_cookie == Cache::default().policy.set_cookie,
            "a response that sets a cookie is stored only if it says public or s-maxage",
        )
    }),
    rule("no-lifetime", Some(("cache", "ttl")), |at| {
        when(
            at.route.cache.as_ref()?.policy.default_lifetime.is_none(),
            "a response that says neither how long it is fresh nor when it was modified is not stored",
        )
    }),
    rule("heuristic", Some(("cache", "heuristic")), |at| {
        let policy = &at.route.cache.as_ref()?.policy;
        when(
            policy.heuristic && policy.default_lifetime.is_none(),
            "a response that says only when it was modified is fresh for a tenth of its age, a day at most",
        )
    }),
    rule("not-found", Some(("cache", "ttl_not_found")), |at| {
        let policy = &at.route.cache.as_ref()?.policy;
        let usual = Cache::default().policy.not_found_lifetime;
        (policy.default_lifetime.is_some() && policy.not_found_lifetime == usual)
            .then(|| format!("of 404 and 410 `ttl` is {usual} s at most"))
    }),
    rule("event-streams", None, |at| {
        when(
            at.route.cache.is_some(),
            "an event stream is not stored unless it says how long it is fresh",
        )
    }),
    rule("large-responses", Some(("cache", "max_object")), |at| {
        let cache = at.config.cache.as_ref().filter(|_| at.route.cache.is_some())?;
        (cache.max_object == Cache::default_max_object(cache.max_size))
            .then(|| format!("a response body beyond {} is not stored", in_words(cache.max_object)))
    }),
    rule("stale-if-error", Some(("cache", "stale_if_error")), |at| {
        when(
            at.route.cache.as_ref()?.policy.default_stale_if_error == 0,
            "while every server fails nothing stale is sent unless the response allows it",
        )
    }),
    rule("stored-host", None, |at| {
        when(
            at.route.cache.is_some(),
            "where the answer may be stored, servers are sent the host in lower case, without final dot and default port",
        )
    }),
    rule("forwarded-path", Some(("route", "forward_path")), |at| {
        when(
            at.route.forward_path == ForwardPath::Resolved,
            "the path goes to servers as the client wrote it, without dot segments",
        )
    }),
    rule("under-way", Some(("upstream", "limit")), |at| {
        when(at.upstream.limit.is_none(), "a server is sent any number of requests at one time")
    }),
    rule("no-checks", Some(("upstream", "health")), |at| {
        when(
            at.upstream.health.is_none(),
            "servers are not asked whether they are well: only what becomes of requests tells",
        )
    }),
    rule("ejection", Some(("upstream", "ejection")), |at| {
        when(
            at.upstream.ejection == Some(Ejection::default()),
            "a server that fails several requests in a row gets none for a while",
        )
    }),
    rule("slow-start", Some(("upstream", "slow_start")), |at| {
        (at.upstream.slow_start == Upstream::SLOW_START && at.has_several_servers()).then(|| {
            let time = span(Upstream::SLOW_START);
            format!("a server that is back gets its whole share over {time}")
        })
    }),
    rule("no-connection", None, |at| {
        when(
            at.has_several_servers(),
            "where no connection can be made the next server is asked at once, whatever the method",
        )
    }),
    rule("first-byte", Some(("gateway.timeouts", "first_byte")), |at| {
        let now = at.config.gateway.timeouts.first_byte;
        let time = at.usual("first_byte", now, Timeouts::DEFAULT.first_byte)?;
        Some(format!("an answer that has not begun after {time} is not waited for: 504"))
    }),
    rule("no-answer", Some(("gateway.limits", "attempts")), |at| {
        let said = at.route.limits.or(at.upstream.limits).attempts;
        let now = said.unwrap_or(at.config.gateway.limits.attempts);
        (now == Limits::DEFAULT.attempts && at.has_several_servers()).then(|| {
            format!(
                "an idempotent request that a server did not answer is sent to another, at most {now} times in all; POST and PATCH never are"
            )
        })
    }),
    rule("error-answers", Some(("upstream", "retry_on")), |at| {
        when(
            at.upstream.retry_on.is_none() && at.has_several_servers(),
            "an idempotent request that a server answers 500, 502, 503 or 504 is asked for at another once, while that helps",
        )
    }),
    rule("repeats", Some(("upstream", "retry_budget")), |at| {
        let usual = RetryBudget::default();
        (at.upstream.retry_budget == Some(usual) && at.has_several_servers()).then(|| {
            let RetryBudget { percent, per_second } = usual;
            format!(
                "repeats are at most {percent} % of the requests, and {per_second} a second beside"
            )
        })
    }),
    rule("redirects", None, |_| {
        when(
            true,
            "redirects and error pages of servers are passed on as they are; none is followed",
        )
    }),
    rule("served-by", Some(("gateway", "served_by")), |at| {
        when(at.config.gateway.served_by, "responses name the server that answered (X-Served-By)")
    }),
    rule("quiet-tunnels", Some(("gateway.timeouts", "tunnel_idle")), |at| {
        let now = at.config.gateway.timeouts.tunnel_idle;
        let time = at.usual("tunnel_idle", now, Timeouts::DEFAULT.tunnel_idle)?;
        Some(format!("an upgraded connection or an event stream that is quiet for {time} is ended"))
    }),
];
