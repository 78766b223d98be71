//! Every file of `examples/` is a right configuration, and its README lists it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use tombolo_daemon::config::{self, Config, HashKey, LogFormat, Overrides, Policy};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn load(name: &str) -> Config {
    let path = folder().join(name);
    config::load(&path, &Overrides::default()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn every_example_is_right_and_listed() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".toml") {
            load(&name);
            assert!(readme.contains(&format!("[{name}]({name})")), "the README lacks {name}");
            count += 1;
        }
    }
    assert!(count >= 16, "{count} examples");
}

#[test]
fn up_is_what_up_runs_without_a_file() {
    assert_eq!(load("up.toml"), config::builtin_up(&Overrides::default()));
}

#[test]
fn examples_mean_what_their_comments_say() {
    let policies = load("policies-and-weights.toml");
    let all: Vec<Policy> = policies.upstreams.iter().map(|upstream| upstream.policy).collect();
    for policy in Policy::ALL {
        assert!(all.contains(&policy), "{policy}");
    }
    assert_eq!(policies.upstreams[0].servers[1].weight, 2);
    assert_eq!(policies.upstreams[5].hash_on, HashKey::Header("x-user".to_owned()));
    assert_eq!(load("access-log-combined.toml").access_log.format, LogFormat::Combined);
    assert_eq!(load("access-log-off.toml").access_log, config::AccessLog::off());
    assert_eq!(load("up-with-policy.toml").upstreams[0].servers.len(), 5);
    assert_eq!(load("behind-a-proxy.toml").gateway.trusted.len(), 3);
    let cache = load("cache.toml");
    let caches: Vec<bool> = cache.routes.iter().map(|route| route.cache.is_some()).collect();
    assert_eq!(caches, [true, true, true, false]);
    assert_eq!(cache.cache.unwrap().max_size, 20 << 30);
    let tcp = load("tcp.toml");
    assert_eq!((tcp.gateway.listen.len(), tcp.routes.len(), tcp.tcp.len()), (0, 0, 2));
    assert_eq!(tcp.tcp[1].proxy_protocol_in, Some(vec!["192.0.2.0/28".parse().unwrap()]));
    // Without a variable in the environment; with one, it is what that says.
    let chat = load("chat-postgres.toml").storage.database;
    assert!(std::env::var_os("TOMBOLO_DATABASE").is_some() || chat.unwrap().file().is_some());
    let limits = load("limits.toml");
    assert_eq!(limits.body_limit(&limits.routes[1]), Some(2 << 30));
}
