//! Which routes cache, by which rules, and what the flags change in it.

use std::collections::BTreeMap;

use tombolo_cache::key::{QueryParameters, QueryRule};

use super::super::{Mistakes, Overrides, parse};
use super::*;

const APP: &str = "[[upstream]]\nname = \"app\"\nservers = [\"127.0.0.1:9001\"]\n";

fn read(text: &str, flags: &Overrides) -> Result<Config, Mistakes> {
    let environment: BTreeMap<String, String> = [("OFF".to_owned(), "false".to_owned())].into();
    parse(&format!("{text}\n{APP}"), "test.toml", &environment, flags)
}

fn good(text: &str) -> Config {
    read(text, &Overrides::default()).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

/// A configuration with this `[cache]` table or none, and a route that says this of caching.
fn route(table: &str, cache: &str) -> Config {
    good(&format!("{table}\n[[route]]\nupstream = \"app\"\n{cache}\n"))
}

#[test]
fn a_route_caches_when_it_says_so_or_says_nothing_beside_a_table() {
    for (table, cache, caches) in [
        ("", "", false),
        ("", "cache = false", false),
        ("", "cache = true", true),
        ("", "cache = {}", true),
        ("[cache]", "", true),
        ("[cache]", "cache = true", true),
        ("[cache]", "cache = false", false),
        ("[cache]", "cache = \"${OFF}\"", false),
    ] {
        let config = route(table, cache);
        assert_eq!(config.routes[0].cache.is_some(), caches, "{table} {cache}");
        assert_eq!(config.cache.is_some(), caches, "{table} {cache}");
    }
    let without_a_route = good("[cache]");
    assert!(without_a_route.routes[0].cache.is_some() && without_a_route.cache.is_some());
    assert_eq!(route("", "cache = true").cache, Some(Cache::default()));
}

#[test]
fn a_flag_turns_it_on_where_nothing_is_said() {
    let flags = Overrides {
        cache_ttl: Some(Duration::from_millis(4_200)),
        cache_dir: Some("there".into()),
        ..Overrides::default()
    };
    let text = "[[route]]\nupstream = \"app\"\n[[route]]\npath = \"/n\"\nupstream = \"app\"\n\
                cache = false\n[[route]]\npath = \"/o\"\nupstream = \"app\"\ncache.ttl = \"9s\"";
    let config = read(text, &flags).unwrap();
    let ttl = |index: usize| {
        config.routes[index].cache.as_ref().map(|cache| cache.policy.default_lifetime)
    };
    assert_eq!([ttl(0), ttl(1), ttl(2)], [Some(Some(5)), None, Some(Some(9))]);
    let cache = config.cache.unwrap();
    assert_eq!((cache.dir, cache.policy.default_lifetime), ("there".into(), Some(5)));
}

#[test]
fn servers_from_flags_are_cached_as_the_table_says() {
    let flags = Overrides { upstreams: vec!["b:2".parse().unwrap()], ..Overrides::default() };
    let refused = "[[route]]\nupstream = \"app\"\ncache = false";
    let config = read(&format!("[cache]\nttl = \"7s\"\n{refused}"), &flags).unwrap();
    let cache = config.routes[0].cache.as_ref().unwrap();
    assert_eq!(cache.policy.default_lifetime, Some(7));
    assert!(config.cache.is_some());
    assert_eq!(read(refused, &flags).unwrap().cache, None);
}

#[test]
fn what_a_route_says_goes_before_the_table() {
    let table = "[cache]\nttl = \"60s\"\nheuristic = false\nstale_if_error = \"10m\"\n\
                 heuristic_max = \"1h\"\nsoft_purge_window = \"1m\"\n\
                 cookies_without_freshness = true\nstale_beside_s_maxage = true\n\
                 ttl_not_found = \"1s\"\nset_cookie = \"store\"\n\
                 credential_headers = [\"X-Who\", \"*-pass\"]";
    let policy = Policy {
        default_lifetime: Some(60),
        not_found_lifetime: 1,
        set_cookie: SetCookie::Store,
        own_cookie: None,
        credential_headers: FieldPatterns::new(["x-who", "*-pass"]),
        heuristic: false,
        heuristic_max: 3600,
        cookies_without_freshness: true,
        stale_beside_s_maxage: true,
        default_stale_if_error: 600,
        soft_purge_window: 60,
    };
    let plain = route(table, "");
    assert_eq!(plain.cache.unwrap().policy, policy);
    assert_eq!(plain.routes[0].cache.as_ref().unwrap().policy, policy);
    let own = route(
        table,
        "cache = { ttl = \"0s\", heuristic = true, ttl_not_found = \"2s\", set_cookie = \"never\", \
         credential_headers = [] }",
    );
    let expected = Policy {
        default_lifetime: Some(0),
        heuristic: true,
        not_found_lifetime: 2,
        set_cookie: SetCookie::Never,
        credential_headers: FieldPatterns::default(),
        ..policy
    };
    assert_eq!(own.routes[0].cache.as_ref().unwrap().policy, expected);
}

#[test]
fn the_gateways_own_cookie_is_known_to_the_cache_of_its_routes() {
    let text = "[[upstream]]\nname = \"seated\"\nservers = [\"a:1\"]\nsticky = { cookie = \"seat\" }\n\
                [[route]]\nupstream = \"seated\"\ncache = true\n\
                [[route]]\npath = \"/plain\"\nupstream = \"app\"\ncache = true";
    let routes = good(text).routes;
    let own = |index: usize| routes[index].cache.as_ref().unwrap().policy.own_cookie.clone();
    assert_eq!((own(0).as_deref(), own(1)), (Some("seat"), None));
}

#[test]
fn names_of_credentials_may_begin_or_end_with_a_star() {
    for (name, is_good) in [
        ("X-Key", true),
        ("*key", true),
        ("x-*", true),
        ("a*b", false),
        ("*", false),
        ("*a*", false),
    ] {
        let text = format!("[cache]\ncredential_headers = [\"{name}\"]");
        assert_eq!(read(&text, &Overrides::default()).is_ok(), is_good, "{name}");
    }
}

#[test]
fn sizes_follow_from_each_other() {
    let cache = |table: &str| good(table).cache.unwrap();
    let small = cache("[cache]\nmax_size = \"8MiB\"\nmemory = 0");
    assert_eq!((small.max_size, small.max_object, small.memory), (8 << 20, 1 << 20, 0));
    let own = cache("[cache]\nmax_size = \"8MiB\"\nmax_object = \"8MiB\"");
    assert_eq!(own.max_object, 8 << 20);
}

#[test]
fn the_query_counts_as_it_is_said() {
    let query = |cache: &str| route("", cache).routes[0].cache.clone().unwrap().key.query;
    assert_eq!(query("cache = {}"), QueryRule::Exact);
    assert_eq!(query("cache = { query = \"exact\", sort_query = false }"), QueryRule::Exact);
    let ignored = "cache = { query = \"ignore\", sort_query = false, keep_query = [] }";
    assert_eq!(query(ignored), QueryRule::Ignore);
    let some = QueryParameters {
        sort: true,
        ignore: vec![(*b"utm_*").into()],
        keep: vec![(*b"a").into(), (*b"utm_b").into()],
    };
    assert_eq!(
        query(
            "cache = { sort_query = true, ignore_query = [\"utm_*\"], keep_query = [\"a\", \"utm_b\"] }"
        ),
        QueryRule::Parameters(some)
    );
}

#[test]
fn requests_pass_by_as_it_is_said() {
    let text = "[[route]]\npath = \"/shop/\"\nupstream = \"app\"\n[route.cache]\n\
                bypass_cookies = [\"Session\"]\nbypass_headers = [\"Authorization\"]\n\
                bypass_paths = [\"/shop/cart\", \"/shop/till/\"]";
    let bypass = good(text).routes[0].cache.clone().unwrap().bypass;
    let expected = CacheBypass {
        cookies: vec!["Session".to_owned()],
        headers: vec!["authorization".to_owned()],
        paths: vec!["/shop/cart".to_owned(), "/shop/till/".to_owned()],
    };
    assert_eq!(bypass, expected);
}

#[test]
fn a_ttl_on_the_command_line_is_one_of_a_file() {
    use super::super::BadCacheTtl::{Fraction, NoDuration, TooLong};
    for (text, result) in [
        ("60s", Ok(Duration::from_secs(60))),
        ("1h30m", Ok(Duration::from_secs(5400))),
        ("0s", Ok(Duration::ZERO)),
        ("365d", Ok(Cache::TIME_MAX)),
        ("60", Err(NoDuration)),
        ("", Err(NoDuration)),
        ("1500ms", Err(Fraction(2))),
        ("366d", Err(TooLong)),
    ] {
        assert_eq!(Overrides::parse_cache_ttl(text), result, "{text}");
    }
}
