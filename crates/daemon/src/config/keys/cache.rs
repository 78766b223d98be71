//! The keys of `[cache]` and of a route's cache.

use std::time::Duration;

use tombolo_cache::credentials::FieldPatterns;
use tombolo_cache::policy::{Policy, SetCookie};

use super::super::Cache;
use super::{Absent, Default, Form, Key, Table};

/// Any time of a cache.
const TIME: Form = Form::Time { min: Duration::ZERO, max: Cache::TIME_MAX };

/// The most names or paths in a list of a route's cache.
const NAMES_MAX: usize = 64;

const fn seconds(seconds: u32) -> Default {
    Default::Time(Duration::from_secs(seconds as u64))
}

const SET_COOKIE: &str = "Which responses that set a cookie are stored, with the cookie, which all who \
    are answered from the cache get: `shared-only`, those that say `public` or `s-maxage`; `store`, \
    those that say how long they are fresh; `never`, none.";

fn usual_credentials() -> Vec<String> {
    FieldPatterns::credentials().texts().map(str::to_owned).collect()
}

pub(super) static CACHE: Table = Table {
    name: "cache",
    about: "Where responses are kept and for how long. Times are whole seconds.",
    keys: &[
        Key {
            name: "dir",
            about: "The directory of the cache's files, relative to the one the program runs in. \
                    It is made when it is missing, and what it holds survives a restart. One \
                    gateway at a time can use it. One that is not empty and was not made by a \
                    gateway is left alone.",
            form: Form::Text { what: "a path" },
            absent: Absent::Is(Default::Text(Cache::DEFAULT_DIR)),
            example: "\"/var/cache/tombolo\"",
        },
        Key {
            name: "ttl",
            about: "How long a response is fresh that may be stored and does not say how long. \
                    What a response says goes before it; the heuristic comes after it. It is for \
                    the statuses 200, 203, 204, 206, 300, 301, 308, 404 and 410, and for requests \
                    without credentials: others are neither stored nor answered by it.",
            form: TIME,
            absent: Absent::Means("only what responses say, and the heuristic"),
            example: "\"60s\"",
        },
        Key {
            name: "ttl_not_found",
            about: "The most that `ttl` is for 404 and 410.",
            form: TIME,
            absent: Absent::Is(seconds(Policy::NOT_FOUND_LIFETIME)),
            example: "\"1s\"",
        },
        Key {
            name: "set_cookie",
            about: SET_COOKIE,
            form: Form::Word { words: || SetCookie::ALL.map(SetCookie::name).into(), later: &[] },
            absent: Absent::Is(Default::Text(SetCookie::SharedOnly.name())),
            example: "\"never\"",
        },
        Key {
            name: "credential_headers",
            about: "Header fields of requests that are credentials, as `Authorization` always is and \
                    cookies are unless `cookies_without_freshness` says otherwise. `*` at the \
                    beginning or the end stands for any text. A list replaces the default.",
            form: Form::Texts { what: "a header name", min: 0, max: NAMES_MAX },
            absent: Absent::Is(Default::Texts(usual_credentials)),
            example: "[\"X-Api-Key\", \"*-token\"]",
        },
        Key {
            name: "max_size",
            about: "Bytes of files. When it is full, what is used least makes room.",
            form: Form::Size { min: Cache::MAX_SIZE_MIN, max: i64::MAX as u64 },
            absent: Absent::Is(Default::Size(Cache::DEFAULT_MAX_SIZE)),
            example: "\"20GiB\"",
        },
        Key {
            name: "memory",
            about: "Bytes of memory for the responses that are asked for most. They are in files \
                    all the same.",
            form: Form::Size { min: 0, max: i64::MAX as u64 },
            absent: Absent::Is(Default::Size(Cache::DEFAULT_MEMORY)),
            example: "\"1GiB\"",
        },
        Key {
            name: "max_object",
            about: "Bytes of the longest body that is kept; longer ones are passed on as if there \
                    were no cache. At most `max_size`.",
            form: Form::Size { min: Cache::MAX_OBJECT_MIN, max: i64::MAX as u64 },
            absent: Absent::Means("an eighth of `max_size`"),
            example: "\"50MiB\"",
        },
        Key {
            name: "heuristic",
            about: "Whether a response that says nothing of its lifetime but when it was last \
                    modified is taken to be fresh for a tenth of its age. With a `ttl`, that goes \
                    before.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(true)),
            example: "false",
        },
        Key {
            name: "heuristic_max",
            about: "The longest lifetime that the heuristic gives.",
            form: TIME,
            absent: Absent::Is(seconds(Policy::HEURISTIC_MAX)),
            example: "\"1h\"",
        },
        Key {
            name: "stale_if_error",
            about: "How long after its lifetime a response may still be sent when every server \
                    fails. What a response says of it (`stale-if-error`, `must-revalidate`) goes \
                    before it.",
            form: TIME,
            absent: Absent::Is(seconds(0)),
            example: "\"10m\"",
        },
        Key {
            name: "soft_purge_window",
            about: "How long a response that was purged softly may still be sent while a new one \
                    is fetched.",
            form: TIME,
            absent: Absent::Is(seconds(Policy::SOFT_PURGE_WINDOW)),
            example: "\"1m\"",
        },
        Key {
            name: "cookies_without_freshness",
            about: "Whether a response that does not say how long it is fresh is kept and used even \
                    when the request has a cookie. Only for sites whose pages are the same for \
                    everybody: else one visitor can be shown another's page.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "stale_beside_s_maxage",
            about: "Whether `stale-while-revalidate` and `stale-if-error` of a response count \
                    though it has `s-maxage`, which by RFC 9111 forbids stale responses. Turn it \
                    on if your servers send both and mean both.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
    ],
    later: &[],
};

pub(super) static ROUTE_CACHE: Table = Table {
    name: "route.cache",
    about: "How the responses of one route are kept. An empty table means `true`.",
    keys: &[
        Key {
            name: "ttl",
            about: "As `ttl` in `[cache]`, for this route; `--cache-ttl` leaves it as it is.",
            form: TIME,
            absent: Absent::Means("as in `[cache]`"),
            example: "\"10s\"",
        },
        Key {
            name: "heuristic",
            about: "As `heuristic` in `[cache]`, for this route.",
            form: Form::Flag,
            absent: Absent::Means("as in `[cache]`"),
            example: "false",
        },
        Key {
            name: "ttl_not_found",
            about: "As `ttl_not_found` in `[cache]`, for this route.",
            form: TIME,
            absent: Absent::Means("as in `[cache]`"),
            example: "\"1s\"",
        },
        Key {
            name: "set_cookie",
            about: "As `set_cookie` in `[cache]`, for this route.",
            form: Form::Word { words: || SetCookie::ALL.map(SetCookie::name).into(), later: &[] },
            absent: Absent::Means("as in `[cache]`"),
            example: "\"never\"",
        },
        Key {
            name: "credential_headers",
            about: "As `credential_headers` in `[cache]`, for this route.",
            form: Form::Texts { what: "a header name", min: 0, max: NAMES_MAX },
            absent: Absent::Means("as in `[cache]`"),
            example: "[\"X-Api-Key\", \"*-token\"]",
        },
        Key {
            name: "query",
            about: "Whether requests that differ in the query get different responses: `exact`, \
                    they do, as far as the keys below say nothing else; `ignore`, they share one.",
            form: Form::Word { words: || QUERY_WORDS.to_vec(), later: &[] },
            absent: Absent::Is(Default::Text(QUERY_EXACT)),
            example: "\"ignore\"",
        },
        Key {
            name: "sort_query",
            about: "Whether the order of the query's parameters does not count: `?a=1&b=2` and \
                    `?b=2&a=1` share a response.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "ignore_query",
            about: "Parameters of the query that do not count, each by its name; a `*` at the end \
                    stands for any rest.",
            form: Form::Texts { what: "a name of a parameter", min: 0, max: NAMES_MAX },
            absent: Absent::Is(Default::Texts(Vec::new)),
            example: "[\"utm_*\", \"fbclid\"]",
        },
        Key {
            name: "keep_query",
            about: "If it is not empty: the only parameters of the query that count. \
                    `ignore_query` takes away from them.",
            form: Form::Texts { what: "a name of a parameter", min: 0, max: NAMES_MAX },
            absent: Absent::Is(Default::Texts(Vec::new)),
            example: "[\"page\", \"lang\"]",
        },
        Key {
            name: "bypass_cookies",
            about: "A request with one of these cookies passes the cache by: it is neither \
                    answered from it nor is its response kept.",
            form: Form::Texts { what: "a cookie name", min: 0, max: NAMES_MAX },
            absent: Absent::Is(Default::Texts(Vec::new)),
            example: "[\"session\"]",
        },
        Key {
            name: "bypass_headers",
            about: "A request with one of these header fields passes the cache by.",
            form: Form::Texts { what: "a header name", min: 0, max: NAMES_MAX },
            absent: Absent::Is(Default::Texts(Vec::new)),
            example: "[\"Authorization\"]",
        },
        Key {
            name: "bypass_paths",
            about: "Requests for these paths and what is below them, in whole segments, pass the \
                    cache by. Each is a whole path, from the first `/` on, below the route's own.",
            form: Form::Texts { what: "a path prefix", min: 0, max: NAMES_MAX },
            absent: Absent::Is(Default::Texts(Vec::new)),
            example: "[\"/admin\"]",
        },
    ],
    later: &[],
};

/// The whole query counts.
const QUERY_EXACT: &str = "exact";
/// Nothing of the query counts.
pub(crate) const QUERY_IGNORE: &str = "ignore";
static QUERY_WORDS: [&str; 2] = [QUERY_EXACT, QUERY_IGNORE];
