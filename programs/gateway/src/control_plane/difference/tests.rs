//! What is told of a change.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tombolo_daemon::config::{Config, Overrides, parse};

use super::{Difference, keep_what_needs_a_restart};

const BEFORE: &str = "
[gateway]
listen = [\"127.0.0.1:8080\"]
[[upstream]]
name = \"app\"
servers = [\"a:1\", \"b:1\", \"c:1\"]
[[upstream]]
name = \"old\"
servers = [\"o:1\"]
[[route]]
path = \"/\"
upstream = \"app\"
[[route]]
host = \"example.org\"
path = \"/old\"
upstream = \"old\"
";

fn read(text: &str) -> Config {
    parse(text, "test.toml", &BTreeMap::new(), &Overrides::default()).unwrap()
}

fn told(before: &str, after: &str) -> Value {
    Difference::new(&read(before), &read(after)).to_json()
}

#[test]
fn nothing_new_is_said_so() {
    let told = told(BEFORE, &format!("# a word\n{BEFORE}"));
    assert_eq!(told["changed"], false);
    assert_eq!((&told["changes"], &told["restart"]), (&json!([]), &json!([])));
    let kept = json!({"listeners": 1, "routes": 2, "upstreams": 2, "servers": 4, "tcp": 0});
    assert_eq!(told["kept"], kept);
}

#[test]
fn values_of_the_environment_are_told_as_their_names() {
    let read = |port: u16, key: &str| {
        let text =
            format!("{BEFORE}[traces]\nendpoint = \"http://127.0.0.1:{port}/v1?key=${{KEY}}\"\n");
        let environment = BTreeMap::from([("KEY".to_owned(), key.to_owned())]);
        parse(&text, "test.toml", &environment, &Overrides::default()).unwrap()
    };
    let (first, mut second) = (read(1, "hunter2"), read(2, "swordfish"));
    let told = Difference::new(&first, &second);
    keep_what_needs_a_restart(&first, &mut second);
    // The endpoint of the first still holds.
    let third = Difference::new(&second, &read(3, "opensesame"));
    for difference in [told, third] {
        let texts = [difference.to_json().to_string(), super::tell::listed(&difference.restart)];
        for text in texts {
            assert!(text.contains("key=${KEY}"), "{text}");
            for key in ["hunter2", "swordfish", "opensesame"] {
                assert!(!text.contains(key), "{text}");
            }
        }
    }
}

#[test]
fn each_thing_is_told_by_its_name() {
    let after = BEFORE
        .replace("\"c:1\"", "{ address = \"b2:1\", weight = 3 }")
        .replace("\"b:1\"", "{ address = \"b:1\", weight = 2 }")
        .replace("name = \"app\"", "name = \"app\"\npolicy = \"p2c\"")
        .replace("host = \"example.org\"", "")
        .replace("listen =", "served_by = false\nlisten =")
        .replace("127.0.0.1:8080", "127.0.0.1:8081");
    let told = told(BEFORE, &after);
    let has = |change: Value| {
        let list = told["changes"].as_array().unwrap();
        assert!(list.contains(&change), "{change} in {told:#}");
    };
    has(json!({"what": "listener", "name": "http://127.0.0.1:8080", "change": "removed"}));
    has(json!({"what": "listener", "name": "http://127.0.0.1:8081", "change": "added"}));
    has(json!({"what": "route", "name": "example.org/old", "change": "removed"}));
    has(json!({"what": "route", "name": "/old", "change": "added"}));
    has(json!({"what": "server", "upstream": "app", "name": "c:1", "change": "removed"}));
    has(json!({"what": "server", "upstream": "app", "name": "b2:1", "change": "added"}));
    let weight = json!({"weight": {"from": "1", "to": "2"}});
    has(
        json!({"what": "server", "upstream": "app", "name": "b:1", "change": "changed", "fields": weight}),
    );
    let policy = json!({"policy": {"from": "round-robin", "to": "p2c"}});
    has(json!({"what": "upstream", "name": "app", "change": "changed", "fields": policy}));
    has(
        json!({"what": "setting", "name": "gateway.served_by", "change": "changed", "from": "true", "to": "false"}),
    );
    assert_eq!(told["changes"].as_array().unwrap().len(), 9, "{told:#}");
    assert_eq!((&told["kept"]["routes"], &told["kept"]["servers"]), (&json!(1), &json!(2)));
}

/// The order of upstreams is nobody's business: routes name them.
#[test]
fn another_order_is_no_change() {
    let swapped = BEFORE
        .replace("name = \"app\"\nservers = [\"a:1\", \"b:1\", \"c:1\"]", "name = \"X\"")
        .replace(
            "name = \"old\"\nservers = [\"o:1\"]",
            "name = \"app\"\nservers = [\"a:1\", \"b:1\", \"c:1\"]",
        )
        .replace("name = \"X\"", "name = \"old\"\nservers = [\"o:1\"]");
    assert_eq!(told(BEFORE, &swapped)["changes"], json!([]));
}

#[test]
fn what_needs_a_restart_is_told_until_there_is_one() {
    let cache = "[cache]\ndir = \"one\"\nttl = \"1s\"\n";
    let before = read(&format!("{BEFORE}{cache}"));
    let text = BEFORE.replace("listen =", "workers = 3\nlisten =");
    let text = format!("{text}{}", cache.replace("one", "two").replace("1s", "2s"));
    let wanted = read(&format!("{text}[access_log]\nformat = \"common\"\nstdout = true\n"));
    let mut holds = wanted.clone();
    keep_what_needs_a_restart(&before, &mut holds);
    assert_eq!((holds.gateway.workers, &holds.access_log), (0, &before.access_log));
    let (kept, new) = (holds.cache.as_ref().unwrap(), wanted.cache.as_ref().unwrap());
    assert_eq!(kept.dir, before.cache.as_ref().unwrap().dir);
    assert_eq!(kept.policy, new.policy);
    for base in [&before, &holds] {
        let told = Difference::new(base, &wanted).to_json();
        let names: Vec<_> = told["restart"].as_array().unwrap().iter().collect();
        let names: Vec<&str> = names.iter().map(|one| one["name"].as_str().unwrap()).collect();
        let expected = ["gateway.workers", "access_log.file", "access_log.format", "cache.dir"];
        assert_eq!(names, expected, "{told:#}");
    }
}

#[test]
fn the_log_names_what_changed() {
    let after =
        BEFORE.replace("\"c:1\"", "\"d:1\"").replace("listen =", "served_by = false\nlisten =");
    let difference = Difference::new(&read(BEFORE), &read(&after));
    let words = super::tell::listed(&difference.changes);
    assert_eq!(
        words,
        "server c:1 of app removed; server d:1 of app added; gateway.served_by true -> false"
    );
}
