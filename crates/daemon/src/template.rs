//! Filling in the pages that are part of the program.
//!
//! `{{name}}` becomes the value of that name, escaped for HTML; `{{{name}}}` the value as it is, for
//! what the program itself wrote.

use std::collections::BTreeMap;

/// The values of a page, by name.
pub type Values = BTreeMap<String, String>;

/// The page asks for a value that it is not given: a fault of the program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page asks for an unknown value, {0:?}")]
pub struct UnknownValue(pub String);

/// Puts the values in the place of their names.
///
/// # Errors
/// The first name that has no value.
pub fn fill(template: &str, values: &Values) -> Result<String, UnknownValue> {
    let mut filled = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let raw = after.strip_prefix('{').and_then(|after| after.split_once("}}}"));
        let (name, after) = raw.unwrap_or_else(|| after.split_once("}}").unwrap_or((after, "")));
        let value = values.get(name).ok_or_else(|| UnknownValue(name.to_owned()))?;
        match raw {
            Some(_) => filled.push_str(value),
            None => filled.push_str(&escape(value)),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Makes text safe in HTML, in a quoted attribute too.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON as it may stand in a `<script type="application/json">`: nothing in it ends the element.
#[must_use]
pub fn json_for_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        [("a", "<b>"), ("c", "d")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn values_are_escaped_unless_the_page_says_otherwise() {
        let filled = fill("{{a}} {{{a}}} {{c}}{{c}}.", &values());
        assert_eq!(filled.as_deref(), Ok("&lt;b&gt; <b> dd."));
        assert_eq!(escape("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        assert_eq!(json_for_script("{\"a\":\"</script>\"}"), "{\"a\":\"\\u003c/script>\"}");
    }

    #[test]
    fn missing_values_are_named() {
        for page in ["a {{none}} b", "{{{none}}}"] {
            assert_eq!(fill(page, &values()), Err(UnknownValue("none".to_owned())));
        }
        assert!(fill("{{a", &values()).is_ok() && fill("{{", &values()).is_err());
    }
}
