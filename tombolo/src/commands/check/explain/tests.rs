//! Each rule is told where it holds and nowhere else, and stands in the document.

use std::collections::{BTreeMap, BTreeSet};

use tombolo_daemon::config::{self, Overrides};

use super::super::rules::RULES;
use super::*;

/// Each rule that a key changes, and what is written there in place of it.
const WRITTEN: [(&str, &str); 28] = [
    ("forwarding-fields", "[\"10.0.0.0/8\"]"),
    ("rate", "{ requests = 10, per = \"1s\" }"),
    ("body-size", "\"5MiB\""),
    ("body-pause", "\"5s\""),
    ("slow-client", "\"1KiB\""),
    ("paused-client", "\"1h\""),
    ("no-cache", "true"),
    ("query", "\"ignore\""),
    ("respelled-path", "\"normal\""),
    ("credentials", "[\"X-Key\"]"),
    ("cookies", "true"),
    ("set-cookie", "\"never\""),
    ("no-lifetime", "\"10s\""),
    ("heuristic", "false"),
    ("not-found", "\"1s\""),
    ("large-responses", "\"1MiB\""),
    ("stale-if-error", "\"1m\""),
    ("forwarded-path", "\"as-sent\""),
    ("under-way", "100"),
    ("no-checks", "{ path = \"/h\" }"),
    ("ejection", "false"),
    ("slow-start", "\"30s\""),
    ("first-byte", "\"5s\""),
    ("no-answer", "1"),
    ("error-answers", "[]"),
    ("repeats", "false"),
    ("served-by", "false"),
    ("quiet-tunnels", "\"2h\""),
];

/// Files in which every rule holds somewhere: without a cache; with one; with a `ttl` and `sticky`.
const KINDS: [(&str, &str); 3] =
    [("", ""), ("[cache]\n", ""), ("[cache]\nttl = \"1m\"\n", "sticky = { cookie = \"seat\" }\n")];

/// A file of such a kind, with something written in one of its sections.
fn file(kind: (&str, &str), section: &str, line: &str) -> Option<String> {
    let at = |name: &str| if name == section { format!("{line}\n") } else { String::new() };
    let (cache, upstream) = kind;
    if section == "cache" && cache.is_empty() {
        return None;
    }
    let route_cache = match section {
        "route.cache" => format!("cache = {{ {line} }}\n"),
        _ => String::new(),
    };
    Some(format!(
        "[gateway]\n{}[gateway.limits]\n{}[gateway.timeouts]\n{}{cache}{}[[upstream]]\nname = \"app\"\n\
         servers = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n{upstream}{}[[route]]\nupstream = \"app\"\n{}{route_cache}",
        at("gateway"),
        at("gateway.limits"),
        at("gateway.timeouts"),
        at("cache"),
        at("upstream"),
        at("route"),
    ))
}

fn config(text: &str) -> Config {
    let nothing: BTreeMap<String, String> = BTreeMap::new();
    config::parse(text, "t.toml", &nothing, &Overrides::default())
        .unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

fn names(text: &str) -> BTreeSet<&'static str> {
    let config = config(text);
    explained(&config).iter().flat_map(|one| &one.rules).map(|(rule, _)| rule.name).collect()
}

#[test]
fn every_rule_is_told_where_it_holds_and_not_where_its_key_says_otherwise() {
    let mut untold: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(untold.len(), RULES.len(), "each has a name of its own");
    for kind in KINDS {
        let plain = names(&file(kind, "", "").unwrap());
        for name in &plain {
            untold.remove(name);
        }
        for rule in RULES.iter().filter(|rule| plain.contains(rule.name)) {
            let Some((section, key)) = rule.key else { continue };
            let written = WRITTEN.iter().find(|(name, _)| *name == rule.name);
            let (_, value) = written.unwrap_or_else(|| panic!("{}: what is written?", rule.name));
            let Some(text) = file(kind, section, &format!("{key} = {value}")) else { continue };
            assert!(!names(&text).contains(rule.name), "{} is still told:\n{text}", rule.name);
        }
    }
    assert!(untold.is_empty(), "told nowhere: {untold:?}");
}

#[test]
fn the_document_lists_every_rule() {
    let mut table = String::from("| rule | what holds | changed by |\n|---|---|---|\n");
    for rule in &RULES {
        let words = KINDS.iter().find_map(|kind| {
            let config = config(&file(*kind, "", "")?);
            let one = explained(&config).into_iter().next()?;
            one.rules.into_iter().find(|(known, _)| known.name == rule.name).map(|(_, words)| words)
        });
        let by = match rule.key {
            Some(("route.cache", key)) => format!("`{key}` of `cache` of `[[route]]`"),
            Some((section, key)) => format!("`{}` `{key}`", header(section)),
            None => "nothing".to_owned(),
        };
        let _ =
            writeln!(table, "| `{}` | {} | {by} |", rule.name, words.unwrap().replace('*', "\\*"));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- begin rules -->\n").expect("the begin mark");
    let (_, after) = rest.split_once("<!-- end rules -->").expect("the end mark");
    let expected = format!("{before}<!-- begin rules -->\n{table}<!-- end rules -->{after}");
    if std::env::var_os("TOMBOLO_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(path, &expected).unwrap();
        return;
    }
    assert_eq!(page, expected, "TOMBOLO_GOLDEN=write renews it");
}

#[test]
fn what_holds_on_every_route_is_told_once() {
    let text = file(KINDS[0], "", "").unwrap()
        + "[[route]]\npath = \"/api\"\nupstream = \"app\"\ncache = true\n";
    let told = text_of(&text);
    assert_eq!(told.matches("TRACE is answered").count(), 1, "{told}");
    assert!(
        told.contains("\nevery route\n") && told.contains("route any host, /api to app\n"),
        "{told}"
    );
    assert!(told.contains("([[upstream]] retry_on)"), "{told}");
    let json = json(&config(&text));
    let of = |number: usize| json[number]["rules"].as_array().unwrap().clone();
    assert_eq!(
        (json[1]["path"].as_str(), json[1]["upstream"].as_str()),
        (Some("/api"), Some("app"))
    );
    let is_it = |one: &Value| one["rule"] == "set-cookie" && one["key"] == "set_cookie";
    assert!(of(1).iter().any(is_it) && !of(0).iter().any(is_it), "{json}");
}

fn text_of(file: &str) -> String {
    text(&config(file))
}
