//! The reference page has every key, just as the program knows it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::{env, fs};

use serde_json::Value;
use tombolo_daemon::config;

const BEGIN: &str = "<!-- begin -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_page_is_what_the_program_knows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the begin mark");
    let (_, after) = rest.split_once(END).expect("the end mark");
    let expected = format!("{before}{BEGIN}\n{}{END}{after}", config::reference());
    if env::var_os("TOMBOLO_GOLDEN").is_some_and(|value| value == "write") {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert_eq!(page, expected, "docs/configuration.md is out of date; it tells how to renew it");
}

#[test]
fn every_key_of_the_schema_is_on_the_page() {
    let page = config::reference();
    let mut keys = 0;
    walk(&config::schema(), &mut |name| {
        let there = [format!("`{name}`"), format!("[{name}]"), format!(".{name}]")];
        assert!(there.iter().any(|form| page.contains(form)), "{name} is not on the page");
        keys += 1;
    });
    assert!(keys > 45, "{keys} keys");
}

fn walk(schema: &Value, visit: &mut impl FnMut(&str)) {
    match schema {
        Value::Object(fields) => {
            if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
                properties.keys().for_each(|name| visit(name));
            }
            fields.values().for_each(|value| walk(value, visit));
        }
        Value::Array(list) => list.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}
