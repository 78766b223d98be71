//! What a program's own tests ask of its page.

use std::collections::BTreeSet;

use tombolo_daemon::problem::Language;
use tombolo_daemon::template::Values;

use crate::files::{Pages, Source};

/// What a page and its scripts may not have: code or styles in the page, anything from elsewhere.
const NOT_IN_A_PAGE: [&str; 6] =
    ["style=", "<style", "onclick", "http://", "https://", "javascript:"];
/// What no script may do: write markup out of what strangers have said.
const NOT_IN_A_FILE: [&str; 5] =
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("];

impl Source {
    /// What is wrong with a page, in words; for tests. A word that one language lacks, one that a
    /// script says and nobody has written, a file that is asked for and not there, and what must not
    /// stand in a page.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let pages = match Pages::new(*self) {
            Ok(pages) => pages,
            Err(error) => return vec![error.to_string()],
        };
        let words = |language| serde_json::from_str::<Values>(self.words(language));
        let (Ok(english), Ok(spanish)) = (words(Language::English), words(Language::Spanish))
        else {
            return vec!["the words cannot be read".to_owned()];
        };
        let (in_english, in_spanish): (BTreeSet<_>, BTreeSet<_>) =
            (english.keys().collect(), spanish.keys().collect());
        let lacks = in_english.symmetric_difference(&in_spanish);
        found.extend(lacks.map(|name| format!("{name} is in one language alone")));
        for (name, word) in &english {
            if spanish.get(name).is_some_and(|other| slots(word) != slots(other)) {
                found.push(format!("{name} has other values in Spanish"));
            }
        }
        for language in Language::ALL {
            let page = String::from_utf8_lossy(pages.page(language).text());
            let absent = NOT_IN_A_PAGE.iter().filter(|absent| page.contains(**absent));
            found.extend(absent.map(|absent| format!("the page has {absent}")));
            if page.contains("{{") {
                found.push("a value of the page is not filled in".to_owned());
            }
        }
        for (file, _, text) in self.files {
            let says = after(text, "say(\"").map(str::to_owned);
            let counts = after(text, "sayCount(\"").map(|name| format!("{name}_other"));
            let unknown = says.chain(counts).filter(|name| !english.contains_key(name));
            found.extend(unknown.map(|name| format!("{file} says {name}")));
            let imports = after(text, "from \"./").filter(|name| pages.named(name).is_none());
            found.extend(imports.map(|name| format!("{file} imports {name}")));
            let absent = NOT_IN_A_FILE.iter().filter(|absent| text.contains(**absent));
            found.extend(absent.map(|absent| format!("{file} has {absent}")));
        }
        let styles = after(self.page, "<link rel=\"stylesheet\" href=\"");
        let styles = styles.filter(|name| pages.named(name).is_none());
        found.extend(styles.map(|name| format!("the page asks for {name}")));
        found
    }
}

/// What stands between a text and the next quotation mark.
fn after<'t>(text: &'t str, start: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(start).skip(1).filter_map(|rest| rest.split('"').next())
}

fn slots(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let mut slots: Vec<&str> = parts.map(|(slot, _)| slot).collect();
    slots.sort_unstable();
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::SCRIPT;

    #[test]
    fn each_mistake_is_told() {
        let good = Source {
            page: "<link rel=\"stylesheet\" href=\"a.js\">{{a}}",
            english: "{\"a\": \"{n} a\"}",
            spanish: "{\"a\": \"{n} b\"}",
            files: &[("a.js", SCRIPT, "import x from \"./a.js\"; say(\"a\")")],
            security_policy: "",
        };
        assert!(good.mistakes().is_empty(), "{:?}", good.mistakes());
        for (bad, told) in [
            (Source { english: "{", ..good }, "cannot be read"),
            (Source { page: "{{b}}", ..good }, "filling in"),
            (Source { page: "<p onclick>", ..good }, "onclick"),
            (Source { spanish: "{\"a\": \"{n} b\", \"c\": \"\"}", ..good }, "c is in one"),
            (Source { spanish: "{\"a\": \"b\"}", ..good }, "other values"),
            (Source { files: &[("a.js", SCRIPT, "say(\"b\")")], ..good }, "says b"),
            (Source { files: &[("a.js", SCRIPT, "from \"./b.js\"")], ..good }, "imports b.js"),
            (Source { files: &[("a.js", SCRIPT, "x.innerHTML = y")], ..good }, "innerHTML"),
            (Source { files: &[], ..good }, "asks for a.js"),
        ] {
            let mistakes = bad.mistakes().join("; ");
            assert!(mistakes.contains(told), "{told}: {mistakes}");
        }
    }
}
