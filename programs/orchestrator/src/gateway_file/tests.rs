//! What was configured is what the gateway reads again.

use std::collections::BTreeMap;

use tombolo_daemon::config::{Overrides, builtin_up, parse};

use super::*;

/// Every key with a value that is not its default.
const EVERY_SETTING: &str = r##"
data_dir = "elsewhere"
[gateway]
listen = ["127.0.0.1:8080", "[::1]:80"]
admin = "0.0.0.0:8081"
admin_token_file = "a \"token\""
proxy_protocol = true
state_file = "odd \"state\".json"
workers = 3
trusted = ["10.0.0.0/8", "::1/128"]
served_by = false
watch = true
[gateway.limits]
head_bytes = "10000B"
head_fields = 9
body_bytes = 0
connections = 100
connections_per_client = 10
[gateway.timeouts]
head = "1500ms"
drain = "2m"
[access_log]
stdout = false
file = "odd \"name\" \\ $${x}\t.log"
format = "combined"
[cache]
dir = "odd \"folder\""
ttl = "90s"
max_size = "3GiB"
memory = "0B"
max_object = "1025B"
heuristic = false
heuristic_max = "2h"
stale_if_error = "1h1m1s"
soft_purge_window = "0s"
cookies_without_freshness = true
stale_beside_s_maxage = true
ttl_not_found = "3s"
set_cookie = "never"
credential_headers = ["x-who", "*-pass"]
[[tcp]]
listen = ["127.0.0.1:7070", "[::1]:7070"]
upstream = "site"
idle = "1500ms"
connect = "3s"
connections = 9
proxy_protocol_in = true
trusted = ["192.0.2.0/24"]
proxy_protocol_out = "v1"
[[tcp]]
listen = ["127.0.0.1:7071"]
upstream = "sticky"
proxy_protocol_in = true
[[service]]
name = "site"
replicas = 2
listen = "127.0.0.1:9301"
[[upstream]]
name = "by-header"
policy = "hash"
hash_on = "header:X-User"
servers = ["App.example:1", { address = "[::1]:2", weight = 5 }]
limit = { in_flight = 90, queue = 0, adaptive = true, min = 3 }
[[upstream]]
name = "sticky"
policy = "p2c"
sticky = { cookie = "seat", path = "/a", same_site = "none", secure = true, http_only = false, max_age = "90s" }
limits = { client_rate = "12B" }
health = { path = "/up?x=1", host = "example.org", status = ["204", "3xx", "401-403"], body = "we\"ll", interval = "7s", timeout = "1500ms", healthy = 4, unhealthy = 5 }
ejection = { failures = 7, rate = 20, requests = 9, window = "20s", time = "9s", max_time = "90s", probes = 2, max_ejected = 40, status = [] }
slow_start = "45s"
limit = { in_flight = 9, queue = 3, wait = "1500ms" }
retry_budget = { percent = 7, per_second = 3 }
retry_on = ["500", "502-504"]
timeouts = { connect = "900ms", first_byte = "4s", total = "11s" }
servers = ["a:1"]
[[upstream]]
name = "by-client"
policy = "hash"
hash_on = "client"
health = { tcp = true }
ejection = false
retry_budget = false
retry_on = []
slow_start = "0s"
servers = ["a:1"]
[[upstream]]
name = "by-cookie"
policy = "hash"
hash_on = "cookie:Seat"
servers = ["a:1"]
[[route]]
host = "*.example.org"
path = "/a/"
upstream = "by-header"
timeouts = { connect = "3s", first_byte = "4s", total = "5s", body_gap = "6s", client_stall = "7s", tunnel_idle = "8s" }
limits = { body_bytes = "3MiB", trailer_bytes = "1KiB", interim_responses = 2, attempts = 4, client_rate = 0 }
rate_limit = { requests = 9, per = "2m", burst = 3, key = "header:X-Key", headers = false }
[[route]]
path = "/own"
upstream = "sticky"
[route.cache]
ttl = "0s"
heuristic = true
sort_query = true
ignore_query = ["utm_*", "o\"dd"]
keep_query = ["a", "b"]
bypass_cookies = ["Session"]
bypass_headers = ["Authorization"]
bypass_paths = ["/own/admin"]
[[route]]
path = "/one"
upstream = "sticky"
cache = { query = "ignore" }
[[route]]
path = "/none"
upstream = "sticky"
cache = false
[[route]]
path = "/"
upstream = "site"
"##;

/// The generated file read back, without what concerns the orchestrator alone.
fn round_trip(config: &Config) -> Config {
    let text = render(config);
    let nothing = BTreeMap::new();
    parse(&text, "gateway.toml", &nothing, &Overrides::default())
        .unwrap_or_else(|mistakes| panic!("{mistakes}{text}"))
}

fn as_the_gateway_sees_it(mut config: Config) -> Config {
    config.services.clear();
    config.upstreams.iter_mut().for_each(|upstream| upstream.service = None);
    config.data_dir = Config::DEFAULT_DATA_DIR.into();
    // `up` watches its own file, and has the gateway read what it generates.
    config.gateway.watch = false;
    config
}

#[test]
fn built_in_configuration_survives() {
    let config = builtin_up(&Overrides::default());
    assert_eq!(round_trip(&config), as_the_gateway_sees_it(config));
}

#[test]
fn every_setting_survives() {
    let nothing = BTreeMap::new();
    let config = parse(EVERY_SETTING, "written.toml", &nothing, &Overrides::default())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(round_trip(&config), as_the_gateway_sees_it(config));
}

#[test]
fn values_of_the_environment_stay_marked_as_such() {
    let written = "[[upstream]]\nname = \"a\"\nservers = [\"${HOST_OF_A}:1\"]\n\
                   [traces]\nendpoint = \"http://127.0.0.1:1/v1?a=${KEY}&b=${ODD}&c=$${KEY}\"\n";
    let names = [("HOST_OF_A", "backend"), ("KEY", "hunter2"), ("ODD", "o}dd"), ("HOME", "/root")];
    let own = names.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = parse(written, "written.toml", &BTreeMap::from(own), &Overrides::default())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let text = render(&config);
    assert!(text.contains("a=${KEY:-hunter2}&b=o}dd&c=$${KEY}\""), "{text}");
    let again = round_trip(&config);
    assert_eq!(again, config);
    assert_eq!(again.from_environment.mask("hunter2 of backend"), "${KEY} of ${HOST_OF_A}");
}

#[test]
fn gateway_for_tcp_alone_survives() {
    let written = "[[upstream]]\nname = \"a\"\nservers = [\"a:1\"]\n\
                   [[tcp]]\nlisten = [\"127.0.0.1:0\"]\nupstream = \"a\"\n";
    let nothing = BTreeMap::new();
    let config = parse(written, "written.toml", &nothing, &Overrides::default())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(config.gateway.listen.is_empty() && config.routes.is_empty());
    assert_eq!(round_trip(&config), config);
}

#[test]
fn cache_of_one_route_stays_with_it() {
    let written = "[[upstream]]\nname = \"a\"\nservers = [\"a:1\"]\n\
                   [[route]]\nupstream = \"a\"\ncache = true\n\
                   [[route]]\npath = \"/b\"\nupstream = \"a\"\n";
    let nothing = BTreeMap::new();
    let config = parse(written, "written.toml", &nothing, &Overrides::default())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(config.routes[0].cache.is_some() && config.routes[1].cache.is_none());
    assert_eq!(round_trip(&config), config);
}

#[test]
fn people_can_read_it() {
    let text = render(&builtin_up(&Overrides::default()));
    for part in [
        "# Written by 'tombolo up'",
        "listen = [\"127.0.0.1:8080\"]",
        "admin = \"127.0.0.1:8081\"",
        "head_bytes = \"32KiB\"",
        "body_bytes = \"1GiB\"",
        "drain = \"30s\"",
        "name = \"site\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
