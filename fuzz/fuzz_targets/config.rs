//! Any bytes as a configuration file: a configuration that keeps its promises, or mistakes whose
//! places lie in the file and that can be shown.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use tombolo_daemon::config::{self, Admin, Config, Mistakes, Overrides, Upstream};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let environment: BTreeMap<String, String> = [("A", "127.0.0.1:9001"), ("B", ""), ("C", "${A}")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    match config::parse(text, "fuzz.toml", &environment, &Overrides::default()) {
        Ok(config) => check_promises(&config),
        Err(mistakes) => check_places(text, &mistakes),
    }
});

fn check_promises(config: &Config) {
    assert_eq!(config.gateway.listen.is_empty(), config.routes.is_empty());
    assert!(!config.upstreams.is_empty());
    assert!(!config.routes.is_empty() || !config.tcp.is_empty());
    assert!(!config.gateway.proxy_protocol || !config.gateway.trusted.is_empty());
    for tcp in &config.tcp {
        assert!(tcp.upstream < config.upstreams.len() && !tcp.listen.is_empty());
        assert!(tcp.proxy_protocol_in.as_ref().is_none_or(|trusted| !trusted.is_empty()));
    }
    for route in &config.routes {
        assert!(route.upstream < config.upstreams.len() && route.path.starts_with('/'));
    }
    assert_eq!(config.cache.is_some(), config.routes.iter().any(|route| route.cache.is_some()));
    assert!(config.cache.as_ref().is_none_or(|cache| cache.max_object <= cache.max_size));
    for route in &config.routes {
        let bypass = route.cache.iter().flat_map(|cache| &cache.bypass.paths);
        assert!(bypass.into_iter().all(|path| path.starts_with(route.path.trim_end_matches('/'))));
    }
    let admin = config.gateway.admin.as_ref();
    assert!(admin.is_none_or(|it| it.token_file.is_some() || Admin::is_private(it.listen)));
    for upstream in &config.upstreams {
        assert!((1..=Upstream::SERVERS_MAX).contains(&upstream.servers.len()));
        assert!(upstream.servers.iter().all(|server| server.weight >= 1));
        assert!(upstream.service.is_none_or(|index| index < config.services.len()));
    }
}

fn check_places(text: &str, mistakes: &Mistakes) {
    assert!(mistakes.count() > 0);
    let lines: Vec<&str> = text.split('\n').collect();
    for mistake in mistakes.iter() {
        assert!(!mistake.words.is_empty() && !mistake.hint.is_empty());
        let Some(spot) = &mistake.spot else { continue };
        let line = lines[spot.place.line - 1];
        assert!(spot.place.column <= line.chars().count() + 1);
    }
    let shown = mistakes.render(false);
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
    assert_eq!(mistakes.to_json()["valid"], false);
}
