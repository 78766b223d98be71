//! What `tombolo check --explain` tells: for each route the rules that hold without being written.

use std::fmt::Write;

use serde_json::{Value, json};
use tombolo_daemon::config::{Config, Route};

use super::rules::{Place, Rule};

/// What holds on one route.
struct Explained<'c> {
    route: &'c Route,
    upstream: &'c str,
    rules: Vec<(&'static Rule, String)>,
}

fn explained(config: &Config) -> Vec<Explained<'_>> {
    let of_route = |route| {
        let place = Place::of(config, route)?;
        let upstream = config.upstreams.get(route.upstream)?.name.as_str();
        Some(Explained { route, upstream, rules: place.rules().collect() })
    };
    config.routes.iter().filter_map(of_route).collect()
}

/// For people: what holds everywhere once, then what further holds on each route.
pub(super) fn text(config: &Config) -> String {
    let routes = explained(config);
    let mut out = String::from(
        "Rules that hold without being written, each with the key that changes it (docs/configuration.md)\n",
    );
    let everywhere: Vec<_> = match routes.as_slice() {
        [first, _, ..] => {
            let holds_there = |one: &&(&Rule, String)| {
                routes.iter().all(|other| other.rules.iter().any(|rule| is_same(rule, one)))
            };
            first.rules.iter().filter(holds_there).collect()
        }
        _ => Vec::new(),
    };
    // Writing to a String cannot fail.
    if !everywhere.is_empty() {
        let _ = writeln!(out, "\nevery route");
        everywhere.iter().for_each(|one| line(&mut out, one));
    }
    for Explained { route, upstream, rules } in &routes {
        let further: Vec<_> = rules
            .iter()
            .filter(|one| !everywhere.iter().any(|known| is_same(known, one)))
            .collect();
        if further.is_empty() {
            continue;
        }
        let host = route.host.as_deref().unwrap_or("any host");
        let _ = writeln!(out, "\nroute {host}, {} to {upstream}", route.path);
        further.iter().for_each(|one| line(&mut out, one));
    }
    tombolo_daemon::terminal::lines(&out).into_owned()
}

fn is_same(one: &(&Rule, String), other: &(&Rule, String)) -> bool {
    one.0.name == other.0.name && one.1 == other.1
}

fn line(out: &mut String, (rule, words): &(&Rule, String)) {
    let by = match rule.key {
        Some((section, key)) => format!("{} {key}", header(section)),
        None => "no key".to_owned(),
    };
    let _ = writeln!(out, "  {words} ({by})");
}

/// A section as its header stands in a file.
pub(super) fn header(section: &str) -> String {
    match section {
        "route" | "upstream" => format!("[[{section}]]"),
        "route.cache" => "`cache` of [[route]]".to_owned(),
        _ => format!("[{section}]"),
    }
}

/// For programs.
pub(super) fn json(config: &Config) -> Value {
    let of_rule = |(rule, words): &(&Rule, String)| {
        let (section, key) = rule.key.unzip();
        json!({ "rule": rule.name, "section": section, "key": key, "message": words })
    };
    let of_route = |one: Explained<'_>| {
        let rules: Vec<Value> = one.rules.iter().map(of_rule).collect();
        json!({
            "host": one.route.host, "path": one.route.path, "upstream": one.upstream, "rules": rules,
        })
    };
    explained(config).into_iter().map(of_route).collect()
}

#[cfg(test)]
mod tests;
