//! Tests of the whole way from a text to a configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::keys::{self, Form};
use super::*;

fn read(text: &str) -> Result<Config, Mistakes> {
    let environment: BTreeMap<String, String> =
        [("N".to_owned(), "3".to_owned()), ("OFF".to_owned(), "false".to_owned())].into();
    parse(text, "test.toml", &environment, &Overrides::default())
}

fn good(text: &str) -> Config {
    read(text).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

const APP: &str = "[[upstream]]\nname = \"app\"\nservers = [\"127.0.0.1:9001\"]\n";

#[test]
fn what_is_not_written_is_the_default() {
    let config = good(APP);
    let upstream = Upstream::new("app", vec![Server::new("127.0.0.1:9001".parse().unwrap())]);
    let expected = Config {
        upstreams: vec![upstream],
        routes: vec![Route::everything(0)],
        ..Config::default()
    };
    assert_eq!(config, expected);
    assert_eq!(good(&format!("{APP}[gateway.limits]\n[gateway.timeouts]\n")), expected);
    assert_eq!(config.gateway.timeouts.drain, Duration::from_secs(30));
    assert_eq!(config.access_log.file, Some("access.log".into()));
}

#[test]
fn an_access_log_table_says_it_all() {
    let log = |table: &str| good(&format!("{table}\n{APP}")).access_log;
    assert_eq!(log("[access_log]"), AccessLog::off());
    assert_eq!(log("[access_log]\nstdout = false"), AccessLog::off());
    let file = log("[access_log]\nfile = \"x\"");
    assert_eq!((file.stdout, file.file), (false, Some("x".into())));
    let stdout = log("[access_log]\nstdout = true\nformat = \"common\"");
    assert_eq!(stdout, AccessLog { stdout: true, file: None, format: LogFormat::Common });
}

#[test]
fn values_come_from_the_environment_wherever_they_belong() {
    let text = format!(
        "[gateway]\nworkers = \"${{N}}\"\nserved_by = \"${{OFF}}\"\nlisten = [\"127.0.0.1:808${{N}}\"]\n\
         [gateway.limits]\nbody_bytes = \"${{N}}MiB\"\n[gateway.timeouts]\nhead = \"${{N}}s\"\n{APP}"
    );
    let gateway = good(&text).gateway;
    assert_eq!((gateway.workers, gateway.served_by), (3, false));
    assert_eq!(gateway.listen, ["127.0.0.1:8083".parse().unwrap()]);
    assert_eq!(gateway.limits.body_bytes, 3 << 20);
    assert_eq!(gateway.timeouts.head, Duration::from_secs(3));
}

#[test]
fn no_mistake_tells_a_value_of_the_environment() {
    let text = "[gateway]\nlisten = [\"${S}\"]\nserved_by = \"${S}\"\nworkers = \"${S}\"\n\
                trusted = [\"${S}\"]\n\
                [gateway.limits]\nbody_bytes = \"${S}\"\n[gateway.timeouts]\nhead = \"${S}\"\n\
                [traces]\nendpoint = \"${S}\"\n[storage]\ndatabase = \"${S}\"\n\
                [[upstream]]\nname = \"${S}\"\nservers = [\"${S}//x\"]\npolicy = \"${S}\"\n\
                [[upstream]]\nname = \"${S}\"\nservers = [\"h:1\"]\n\
                [[route]]\nupstream = \"${T}\"\nhost = \"http://${S}\"\n\
                [[route]]\nupstream = \"hunter\"\npath = \"*${S}\"\n";
    for value in ["Hunter2", "Hunter2*", "a Hunter2 \"b\"", "[Hunter2]", "Hunter2:99999"] {
        let environment = [("S", value), ("T", "another")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mistakes = parse(text, "t.toml", &BTreeMap::from(environment), &Overrides::default());
        let mistakes = mistakes.unwrap_err();
        assert!(mistakes.count() > 8, "{mistakes}");
        for told in [mistakes.to_string(), mistakes.to_json().to_string()] {
            assert!(!told.to_lowercase().contains("hunter2"), "{told}");
        }
    }
}

#[test]
fn a_service_is_an_upstream_that_routes_can_name() {
    let config = good("[[service]]\nname = \"site\"\nreplicas = 2\nlisten = \"127.0.0.1:9301\"\n");
    assert_eq!(config.services[0].replicas, 2);
    assert_eq!(config.upstreams[0].name, "site");
    assert_eq!(config.upstreams[0].service, Some(0));
    assert_eq!(config.upstreams[0].servers[1].as_written, "127.0.0.1:9302");
    assert_eq!(config.routes, [Route::everything(0)]);

    let text = "[[upstream]]\nname = \"site\"\npolicy = \"p2c\"\n[[service]]\nname = \"site\"\n";
    let config = good(text);
    assert_eq!(config.upstreams.len(), 1);
    assert_eq!(config.upstreams[0].policy, Policy::PowerOfTwo);
    assert_eq!(config.upstreams[0].servers.len(), 3);
}

#[test]
fn a_service_over_tcp_is_none_that_requests_go_to() {
    let config = good("[[service]]\nname = \"calculator\"\n[[service]]\nname = \"site\"\n");
    let names: Vec<_> = config.upstreams.iter().map(|upstream| upstream.name.as_str()).collect();
    assert_eq!(names, ["calculator", "site"]);
    assert_eq!(config.upstreams[0].servers[2].as_written, "127.0.0.1:9203");
    assert_eq!(config.routes, [Route::everything(1)]);
}

#[test]
fn a_tcp_table_has_what_is_written_and_defaults() {
    let config = good(&format!("{APP}[[tcp]]\nlisten = \"[::1]:7070\"\nupstream = \"app\"\n"));
    assert_eq!(config.tcp, [Tcp::new(vec!["[::1]:7070".parse().unwrap()], 0)]);
    let text = format!(
        "[gateway]\ntrusted = [\"10.0.0.1\"]\n{APP}[[tcp]]\nlisten = [\"127.0.0.1:0\", \"[::1]:0\"]\n\
         upstream = \"app\"\nidle = \"10m\"\nconnect = \"500ms\"\nconnections = 7\n\
         proxy_protocol_in = true\nproxy_protocol_out = \"v2\"\n"
    );
    let tcp = &good(&text).tcp[0];
    assert_eq!((tcp.listen.len(), tcp.connections), (2, Some(7)));
    assert_eq!(tcp.idle, Duration::from_secs(600));
    assert_eq!(tcp.connect, Some(Duration::from_millis(500)));
    assert_eq!(tcp.proxy_protocol_out, Some(ProxyProtocol::V2));
    assert_eq!(tcp.proxy_protocol_in, Some(vec!["10.0.0.1/32".parse().unwrap()]));
    let own = text.replace("connections = 7", "trusted = [\"192.0.2.0/24\"]");
    assert_eq!(good(&own).tcp[0].proxy_protocol_in, Some(vec!["192.0.2.0/24".parse().unwrap()]));
}

#[test]
fn http_is_spoken_only_where_something_answers_it() {
    let tcp = "[[tcp]]\nlisten = [\"127.0.0.1:7070\"]\nupstream = \"app\"\n";
    let alone = good(&format!("{APP}{tcp}"));
    assert_eq!((alone.routes.as_slice(), alone.gateway.listen.as_slice()), (&[][..], &[][..]));
    let other = "[[upstream]]\nname = \"web\"\nservers = [\"a:1\"]\n";
    let both = good(&format!("{APP}{other}{tcp}"));
    assert_eq!(both.routes, [Route::everything(1)]);
    assert_eq!(both.gateway.listen, [Gateway::DEFAULT_LISTEN]);
    let shared = good(&format!("{APP}{tcp}[[route]]\nupstream = \"app\"\n"));
    assert_eq!(shared.routes, [Route::everything(0)]);
}

#[test]
fn flags_replace_the_upstreams_of_requests_alone() {
    let upstream =
        |name: &str| format!("[[upstream]]\nname = \"{name}\"\nservers = [\"{name}:1\"]\n");
    let tcp = |name: &str, port: u16| {
        format!("[[tcp]]\nlisten = [\"127.0.0.1:{port}\"]\nupstream = \"{name}\"\n")
    };
    let all = ["one", "two", "three"].map(upstream).concat();
    let text = [all, tcp("three", 1), tcp("one", 2), tcp("three", 3)].concat();
    let flags = Overrides { upstreams: vec!["b:2".parse().unwrap()], ..Overrides::default() };
    let nothing = BTreeMap::new();
    let config = parse(&text, "test.toml", &nothing, &flags).unwrap();
    let named = |index: usize| config.upstreams[index].name.as_str();
    let named: Vec<_> = config.tcp.iter().map(|tcp| named(tcp.upstream)).collect();
    assert_eq!(named, ["three", "one", "three"]);
    assert_eq!((config.upstreams.len(), config.routes.len()), (3, 1));
    assert_eq!(config.upstreams[0].name, Overrides::UPSTREAM);
    // With the flag there is something to answer HTTP with.
    let alone = [upstream("one"), tcp("one", 2)].concat();
    let config = parse(&alone, "test.toml", &nothing, &flags).unwrap();
    assert_eq!(config.gateway.listen, [Gateway::DEFAULT_LISTEN]);
}

#[test]
fn hosts_are_kept_as_requests_are_compared() {
    let route = |host: &str| {
        good(&format!("{APP}[[route]]\nhost = \"{host}\"\nupstream = \"app\"\n")).routes[0].clone()
    };
    for (written, kept) in [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("*.Example.org", "*.example.org"),
        ("127.0.0.1", "127.0.0.1"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        ("my_container", "my_container"),
    ] {
        assert_eq!(route(written).host.as_deref(), Some(kept));
    }
}

#[test]
fn a_route_has_a_body_limit_of_its_own() {
    let text = format!(
        "[gateway.limits]\nbody_bytes = \"1KiB\"\n{APP}\
         [[route]]\nupstream = \"app\"\n\
         [[route]]\npath = \"/up\"\nupstream = \"app\"\nlimits = {{ body_bytes = 0 }}\n"
    );
    let config = good(&text);
    assert_eq!(config.body_limit(&config.routes[0]), Some(1024));
    assert_eq!(config.body_limit(&config.routes[1]), None);
}

#[test]
fn flags_stand_over_the_file() {
    let flags = Overrides { upstreams: vec!["b:2".parse().unwrap()], ..Overrides::default() };
    let environment: BTreeMap<String, String> = BTreeMap::new();
    let config = parse("[gateway]\nworkers = 2\n", "f", &environment, &flags).unwrap();
    assert_eq!(config.gateway.workers, 2);
    assert_eq!(config.upstreams[0].servers[0].as_written, "b:2");
}

#[test]
fn names_of_networks_are_networks() {
    let text = format!("[gateway]\ntrusted = [\"10.0.0.0/8\", \"::1\", \"192.0.2.7\"]\n{APP}");
    let trusted = good(&text).gateway.trusted;
    assert!(trusted[0].contains(&"10.9.8.7".parse::<std::net::IpAddr>().unwrap()));
    assert_eq!(trusted[1], "::1/128".parse().unwrap());
    assert_eq!(trusted[2], "192.0.2.7/32".parse().unwrap());
}

#[test]
fn a_file_has_a_greatest_length_and_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let words = |path: &std::path::Path| {
        let mistakes = load(path, &Overrides::default()).unwrap_err();
        let first = mistakes.iter().next().unwrap().clone();
        assert_eq!(first.kind, Kind::Unreadable);
        first.words
    };
    let long = folder.path().join("long.toml");
    std::fs::write(&long, vec![b'#'; FILE_BYTES_MAX + 1]).unwrap();
    assert!(words(&long).contains("longer than 1048576 bytes"));
    assert_eq!(words(&folder.path().join("none.toml")), "there is no such file");
    assert_eq!(words(folder.path()), "this is a directory");
}

#[test]
fn many_mistakes_are_counted_and_the_first_hundred_told() {
    let text: String = (0..250).map(|number| format!("x{number} = 1\n")).collect();
    let mistakes = read(&format!("{text}{APP}")).unwrap_err();
    assert_eq!((mistakes.count(), mistakes.iter().count()), (250, Mistakes::MAX));
    assert!(mistakes.to_string().contains("... and 150 more"));
}

#[test]
fn a_file_of_nothing_but_mistakes_is_refused_quickly() {
    // Of this thread: what other programs take does not count.
    let used = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::from_secs(time.tv_sec.unsigned_abs())
    };
    let before = used();
    let keys: String = (0..100_000).map(|number| format!("k{number}=1,")).collect();
    let one_line = read(&format!("gateway = {{ {keys} }}\n{APP}")).unwrap_err();
    assert_eq!(one_line.count(), 100_000);
    let long = read(&format!("{} = 1\n{APP}", "x".repeat(500_000))).unwrap_err();
    assert!(long.to_string().len() < 2000, "an overlong name is not repeated");
    for (text, times) in [
        ("[[upstream\nname = [\n", 40_000),
        ("a = 1\n", 150_000),
        ("[a]\n", 200_000),
        ("a = {", 200_000),
        ("[", 1_000_000),
        ("=", 1_000_000),
        ("a.", 500_000),
        ("\"", 1_000_000),
        ("data_dir = \"${}${", 50_000),
    ] {
        assert!(read(&text.repeat(times)).is_err(), "{text}");
    }
    // It takes seconds; a cost that grows with the square would take a quarter of an hour.
    assert!(used() - before < Duration::from_secs(60), "{:?}", used() - before);
}

/// A file in which this key of this table has this value, or its table just what it must have.
fn file_with(table: &str, key: Option<(&str, &str)>) -> String {
    let base: &[(&str, &str)] = match table {
        "access_log" => &[("file", "\"base.log\"")],
        "gateway" => &[("admin", "\"127.0.0.1:1\""), ("trusted", "[\"192.0.2.1\"]")],
        // These name the servers themselves.
        "upstream" if key.is_some_and(|(name, _)| name == "srv") => &[("name", "\"base\"")],
        "upstream" => {
            &[("name", "\"base\""), ("policy", "\"hash\""), ("servers", "[\"127.0.0.1:1\"]")]
        }
        "upstream.sticky" => &[("cookie", "\"base\"")],
        // The least of a limit matters to one that finds itself alone, which it cannot exceed.
        "upstream.limit" if key.is_some_and(|(name, _)| name == "min") => {
            &[("in_flight", "1000000"), ("adaptive", "true")]
        }
        "upstream.limit" => &[("in_flight", "7")],
        // A check is either by path or by TCP.
        "upstream.health" if key == Some(("tcp", "true")) => &[],
        "upstream.health" => &[("path", "\"/base\"")],
        "route.rate_limit" => &[("requests", "7")],
        "upstream.servers" => &[("address", "\"127.0.0.1:1\"")],
        "route" => &[("path", "\"/base\""), ("upstream", "\"base\"")],
        // Who is trusted matters to headers alone.
        "tcp" if key.is_some_and(|(name, _)| name == "trusted") => &[
            ("listen", "[\"127.0.0.1:2\"]"),
            ("upstream", "\"base\""),
            ("proxy_protocol_in", "true"),
        ],
        "tcp" => &[("listen", "[\"127.0.0.1:2\"]"), ("upstream", "\"base\"")],
        // The one service that takes payments.
        "service" if key.is_some_and(|(name, _)| name == "payments") => &[("name", "\"library\"")],
        "service" => &[("name", "\"site\"")],
        "traces" => &[("endpoint", "\"http://127.0.0.1:9\"")],
        _ => &[],
    };
    let mut lines: BTreeMap<&str, &str> = base.iter().copied().collect();
    lines.extend(key);
    let pairs: Vec<String> = lines.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let body = pairs.join("\n");
    let other = "[[upstream]]\nname = \"base\"\nservers = [\"127.0.0.1:1\"]\n";
    match table {
        "" => format!("{body}\n{other}"),
        "upstream" => format!("[[upstream]]\n{body}\n"),
        "upstream.servers" => {
            format!("[[upstream]]\nname = \"base\"\nservers = [{{ {} }}]\n", pairs.join(", "))
        }
        name if name.starts_with("upstream.") => format!("{other}[{name}]\n{body}\n"),
        "route" => format!("{APP}{other}[[route]]\n{body}\n"),
        "route.rate_limit" => {
            // The most requests there can be need a day.
            let most = key.is_some_and(|(name, _)| name == "requests");
            let per = if most { "per = \"24h\"\n" } else { "" };
            format!("{APP}[[route]]\nupstream = \"app\"\n[route.rate_limit]\n{per}{body}\n")
        }
        name if name.starts_with("route.") => {
            format!("{APP}[[route]]\nupstream = \"app\"\n[{name}]\n{body}\n")
        }
        "tcp" => {
            format!(
                "[gateway]\ntrusted = [\"192.0.2.1\"]\n{APP}{other}[[tcp]]\n{body}\n[[route]]\nupstream = \"app\"\n"
            )
        }
        // With payments there are two services to choose between.
        "service" if body.contains("library") => {
            format!("[[service]]\n{body}\n[[route]]\nupstream = \"library\"\n")
        }
        "service" => format!("[[service]]\n{body}\n"),
        name => format!("[{name}]\n{body}\n{other}"),
    }
}

#[test]
fn every_key_of_the_reference_is_read() {
    let mut seen = 0;
    for table in keys::tables() {
        for key in table.keys.iter().filter(|key| !key.is_section()) {
            // A service can have one name in this version, so another cannot be seen.
            if (table.name, key.name) == ("service", "name") {
                continue;
            }
            let without = match (table.name, key.name) {
                ("service", "payments") => {
                    good(&file_with("service", Some(("name", "\"library\""))))
                }
                _ => good(&file_with(table.name, None)),
            };
            let with = good(&file_with(table.name, Some((key.name, key.example))));
            assert_ne!(without, with, "{} {}", table.name, key.name);
            seen += 1;
        }
    }
    assert!(seen > 35, "{seen}");
}

#[test]
fn every_default_can_be_written_and_changes_nothing() {
    for table in keys::tables() {
        for key in table.keys {
            // With a table, the access log is just what the table says.
            let keys::Absent::Is(default) = key.absent else { continue };
            let without = good(&file_with(table.name, None));
            // The base has others, so that the default shows.
            if ["path", "policy", "trusted", "min"].contains(&key.name) {
                continue;
            }
            let with = good(&file_with(table.name, Some((key.name, &default.show()))));
            assert_eq!(without, with, "{} {}", table.name, key.name);
        }
    }
}

#[test]
fn every_bound_holds_on_both_sides() {
    for table in keys::tables() {
        for key in table.keys {
            let (min, max) = match key.form {
                Form::Count { min, max } | Form::Size { min, max } => (min, max),
                _ => continue,
            };
            // What is more than `max_size` has a test of its own.
            let max = match key.name {
                "max_object" => Cache::DEFAULT_MAX_SIZE,
                // Of the seven requests in a second.
                "burst" => RateLimit::LONGEST_FILL.as_secs() * 7 + 6,
                _ => max,
            };
            for (number, fits) in [(Some(min), true), (Some(max), true)]
                .into_iter()
                .chain([(min.checked_sub(1), false), (max.checked_add(1), false)])
            {
                let Some(number) = number.filter(|number| i64::try_from(*number).is_ok()) else {
                    continue;
                };
                let text = file_with(table.name, Some((key.name, &number.to_string())));
                assert_eq!(read(&text).is_ok(), fits, "{} = {number}", key.name);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,400}") {
        let _ = read(&text);
    }

    #[test]
    fn nothing_made_of_our_own_words_panics(
        parts in proptest::collection::vec(prop_oneof![
            Just("[[upstream]]\n"), Just("[gateway]\n"), Just("[gateway.limits]\n"), Just("[[tcp]]\n"),
            Just("[[route]]\n"), Just("[[service]]\n"), Just("[access_log]\n"),
            Just("name = "), Just("servers = "), Just("listen = "), Just("path = "),
            Just("[cache]\n"), Just("cache = "), Just("query = "), Just("bypass_paths = "),
            Just("ttl = "), Just("admin = "), Just("true"), Just("\"1s\""), Just("\"/a\""),
            Just("host = "), Just("upstream = "), Just("sticky = "), Just("weight = "),
            Just("\"app\""), Just("\"site\""), Just("\"127.0.0.1:1\""), Just("\"${N}\""),
            Just("["), Just("]"), Just("{"), Just("}"), Just(","), Just("="), Just("\n"),
            Just("\""), Just("'''"), Just("\"\"\""), Just("#"), Just("."), Just("-1"), Just("é"),
            Just("\\u"), Just("\u{0}"), Just("1e9"), Just("\r\n"), Just("\t"),
        ], 0..60)
    ) {
        let text: String = parts.concat();
        if let Err(mistakes) = read(&text) {
            let _ = (mistakes.render(true), mistakes.to_json());
            prop_assert!(mistakes.count() > 0);
        }
    }
}

#[test]
fn a_sticky_cookie_has_attributes() {
    let sticky = |said: &str| {
        let text =
            format!("[[upstream]]\nname = \"a\"\nservers = [\"a:1\"]\nsticky = {{ {said} }}\n");
        good(&text).upstreams[0].sticky.clone().unwrap().attributes()
    };
    assert_eq!(sticky("cookie = \"c\""), "; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(
        sticky(
            "cookie = \"c\", path = \"/a\", same_site = \"none\", secure = true, http_only = false, max_age = \"2m\""
        ),
        "; Path=/a; Max-Age=120; Secure; SameSite=None"
    );
    for (said, words) in
        [("same_site = \"none\"", "only if it is secure"), ("path = \"/a;b\"", "no path")]
    {
        let text = format!(
            "[[upstream]]\nname = \"a\"\nservers = [\"a:1\"]\nsticky = {{ cookie = \"c\", {said} }}\n"
        );
        let nothing: BTreeMap<String, String> = BTreeMap::new();
        let mistakes = parse(&text, "t", &nothing, &Overrides::default()).unwrap_err().to_string();
        assert!(mistakes.contains(words), "{mistakes}");
    }
}

#[test]
fn addresses_that_take_in_others_overlap() {
    let mistakes = |listen: &str, admin: &str| {
        let text = format!("[gateway]\nlisten = [{listen}]\nadmin = \"{admin}\"\n{APP}");
        let nothing: BTreeMap<String, String> = BTreeMap::new();
        parse(&text, "t", &nothing, &Overrides::default()).map_or_else(
            |mistakes| mistakes.iter().map(ToString::to_string).collect(),
            |_| Vec::new(),
        )
    };
    for (listen, admin) in [
        ("\"0.0.0.0:80\"", "127.0.0.1:80"),
        ("\"127.0.0.1:80\", \"0.0.0.0:80\"", "127.0.0.1:81"),
        ("\"[::]:80\"", "[::1]:80"),
        ("\"0.0.0.0:80\", \"[::]:80\"", "127.0.0.1:80"),
    ] {
        let told: Vec<String> = mistakes(listen, admin);
        assert_eq!(told.len(), 1, "{listen} {admin}: {told:?}");
        assert!(told[0].contains("overlap"), "{told:?}");
    }
    for (listen, admin) in [
        ("\"0.0.0.0:80\", \"[::]:80\"", "127.0.0.1:81"),
        ("\"127.0.0.1:80\", \"127.0.0.2:80\"", "[::1]:80"),
        ("\"0.0.0.0:80\"", "[::1]:80"),
        ("\"0.0.0.0:0\"", "127.0.0.1:0"),
    ] {
        assert_eq!(mistakes(listen, admin), Vec::<String>::new(), "{listen} {admin}");
    }
}
