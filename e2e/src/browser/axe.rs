//! Judges a page by axe-core, in the page itself.

use super::{Browser, kept};
use serde_json::{Value, json};

/// Every rule but those that are experiments, once what moves has come to rest: a dialog that fades in
/// has less contrast than it will have.
const RUN: &str = "const done = arguments[0];
    Promise.allSettled(document.getAnimations()
        .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime)).map((one) => one.finished))
        .then(() => axe.run(document, {resultTypes: ['violations']}))
        .then((found) => done(found.violations), (error) => done(String(error)));";

pub(super) fn judge(browser: &Browser, what: &str) {
    let file = kept().join("node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(&file).unwrap_or_else(|_| {
        panic!(
            "no {}: `cargo xtask test` installs it, or run: npm install --prefix {} axe-core",
            file.display(),
            kept().display()
        )
    });
    // By the debugger rather than by an element: the page's own policy allows no such script.
    browser.chromium("Runtime.evaluate", &json!({"expression": source}));
    let call = json!({"script": RUN, "args": []});
    let found = browser.driver.post("/execute/async", &call);
    let Value::Array(violations) = &found else { panic!("axe-core did not run: {found}") };
    let told: Vec<String> = violations
        .iter()
        .map(|violation| {
            let places = violation["nodes"].as_array().into_iter().flatten();
            let places: Vec<_> = places
                .map(|node| format!("    {}\n      {}", node["html"], node["failureSummary"]))
                .collect();
            format!(
                "{} ({}): {}\n{}",
                violation["id"],
                violation["impact"],
                violation["help"],
                places.join("\n")
            )
        })
        .collect();
    assert!(told.is_empty(), "{what}: axe-core finds\n{}", told.join("\n"));
}
