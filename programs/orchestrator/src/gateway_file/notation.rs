//! Values as a configuration file writes them: strings, lists, sizes, durations.

use std::fmt::Write;
use std::time::Duration;

use tombolo_daemon::config::FromEnvironment;

use crate::process::is_passed_on;

/// Each value as a string, in brackets.
pub(super) fn list(values: &[impl ToString]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| quoted(&value.to_string())).collect();
    format!("[{}]", quoted.join(", "))
}

/// Whole seconds as such, all else in milliseconds: the configuration knows nothing finer.
pub(super) fn duration(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{}ms", time.as_millis())
    }
}

/// A size in the greatest unit that holds it whole.
pub(super) fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fits = |(_, bits): &(&str, u32)| bytes > 0 && bytes.trailing_zeros() >= *bits;
    let (unit, bits) = units.into_iter().find(fits).unwrap_or(("B", 0));
    quoted(&format!("{}{unit}", bytes >> bits))
}

/// A basic string of TOML, in which nothing is taken for a variable of the environment.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.replace("${", "$${").chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

/// The text with `${NAME:-value}` for each value of the environment in a string. A value that cannot
/// stand there, or whose variable a child may have itself, stays as it is.
pub(super) fn named(text: &str, from: &FromEnvironment) -> String {
    let fits = |(name, value): &(&str, &str)| {
        let is_plain = |one: char| !one.is_control() && !"}$\"\\".contains(one);
        value.chars().all(is_plain) && !is_passed_on(name)
    };
    let values: Vec<_> = from.values().filter(fits).collect();
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut rest) = (false, text);
    while let Some(first) = rest.chars().next() {
        // After a dollar it would be no variable.
        let begins = |(_, value): &&(&str, &str)| rest.starts_with(value) && !out.ends_with('$');
        if let Some((name, value)) = values.iter().filter(|_| inside).find(begins) {
            out.extend(["${", name, ":-", value, "}"]);
            rest = rest.get(value.len()..).unwrap_or_default();
            continue;
        }
        let length = if first == '\\' { 2 } else { first.len_utf8() };
        inside ^= first == '"';
        let (taken, later) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(taken);
        rest = later;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_would() {
        assert_eq!(size(32 << 10), "\"32KiB\"");
        assert_eq!(size(1 << 30), "\"1GiB\"");
        assert_eq!(size(1000), "\"1000B\"");
        assert_eq!(size(0), "\"0B\"");
        assert_eq!(duration(Duration::from_secs(90)), "90s");
        assert_eq!(duration(Duration::from_millis(1500)), "1500ms");
        assert_eq!(list(&[1, 2]), "[\"1\", \"2\"]");
    }

    #[test]
    fn nothing_in_a_string_is_taken_for_anything_else() {
        assert_eq!(quoted("a \"b\" \\ ${C}\n"), "\"a \\\"b\\\" \\\\ $${C}\\u000A\"");
    }
}
