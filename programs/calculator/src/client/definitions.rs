//! What has to be said to another replica for it to know the same variables.
//!
//! A value that was answered exactly is said as that value. One that was answered as an
//! approximation, or with a unit, is said as the request it came from, after the definitions that
//! it uses: so the value is the same and not merely near. Definitions nobody needs any more are
//! dropped as new ones come.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::VARIABLES;
use crate::protocol::{Answer, Request};

/// Definitions that are kept; more are needed only for chains of values defined by one another.
const KEPT: usize = 4 * VARIABLES;

/// The definitions that make up the variables of a connection, in their order.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    kept: Vec<Definition>,
    /// More would have to be kept than is kept.
    overflown: bool,
}

#[derive(Debug)]
struct Definition {
    name: String,
    expression: String,
    /// The expression is a plain number, so it needs no other definition.
    plain: bool,
}

impl Definitions {
    /// Takes note of a request that was answered.
    pub(super) fn note(&mut self, request: &str, answer: &Answer) {
        let Answer::Ok(value) = answer else { return };
        match Request::parse(request) {
            Ok(Request::Let { name, expression }) => {
                let plain = is_plain(value);
                let expression = if plain { value.clone() } else { expression.to_owned() };
                self.kept.push(Definition { name: name.to_owned(), expression, plain });
                self.drop_unneeded();
                if self.kept.len() > KEPT {
                    self.overflown = true;
                }
            }
            Ok(Request::Clear) => *self = Self::default(),
            _ => {}
        }
    }

    /// The names that have values.
    pub(super) fn names(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.kept.iter().map(|definition| &definition.name).collect();
        names.into_iter().cloned().collect()
    }

    /// The requests that define all of them again.
    ///
    /// # Errors
    /// When they are too many, in words.
    pub(super) fn lines(&self) -> Result<Vec<String>, String> {
        if self.overflown {
            return Err(format!(
                "their values depend on more than {KEPT} earlier ones; define them again after CLEAR"
            ));
        }
        let line = |definition: &Definition| {
            format!("LET {} = {}", definition.name, definition.expression)
        };
        Ok(self.kept.iter().map(line).collect())
    }

    /// Goes through them from the last: what is defined again later, and not used in between, is
    /// of no use to anybody.
    fn drop_unneeded(&mut self) {
        // For each name defined further on: whether something before that definition uses it.
        let mut used: BTreeMap<String, bool> = BTreeMap::new();
        let mut needed = Vec::new();
        for definition in std::mem::take(&mut self.kept).into_iter().rev() {
            if used.get(&definition.name) == Some(&false) {
                continue;
            }
            used.insert(definition.name.clone(), false);
            if !definition.plain {
                let names = used.iter_mut();
                names
                    .filter(|(name, _)| definition.expression.contains(*name))
                    .for_each(|(_, used)| *used = true);
            }
            needed.push(definition);
        }
        needed.reverse();
        self.kept = needed;
    }
}

/// Whether the answer is the exact value: a plain decimal number.
fn is_plain(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(decimals) && value.len() <= 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(exchanges: &[(&str, &str)]) -> Definitions {
        let mut definitions = Definitions::default();
        for (request, answer) in exchanges {
            definitions.note(request, &Answer::ok(*answer));
        }
        definitions
    }

    #[test]
    fn exact_values_are_said_as_values_others_as_they_came_about() {
        let definitions = after(&[
            ("LET a = 2*3", "6"),
            ("let third = a/18", "approx. 0.3333333333"),
            ("EVAL third", "approx. 0.3333333333"),
            ("LET d = 5 km", "5 km"),
            ("LET d = 6 km", "6 km"),
            ("LET a = 1.75", "1.75"),
            ("LET a = 1.5", "1.5"),
        ]);
        // The first `a` stays: a third is made of it.
        let lines = ["LET a = 6", "LET third = a/18", "LET d = 6 km", "LET a = 1.5"];
        assert_eq!(definitions.lines().unwrap(), lines);
        assert_eq!(definitions.names(), ["a", "d", "third"]);
    }

    #[test]
    fn refusals_and_clear_leave_nothing() {
        let mut definitions = after(&[("LET a = 1", "1"), ("CLEAR", "cleared")]);
        definitions.note("LET b = 1/0", &Answer::Err("domain".into(), "no".into()));
        assert!(definitions.lines().unwrap().is_empty());
    }

    #[test]
    fn a_counter_costs_one_definition_and_a_chain_is_given_up_in_words() {
        let mut definitions = Definitions::default();
        for count in 1..10_000 {
            definitions.note("LET n = n + 1", &Answer::ok(count.to_string()));
        }
        assert_eq!(definitions.lines().unwrap(), ["LET n = 9999"]);
        for _ in 0..=KEPT {
            definitions.note("LET n = n / 3", &Answer::ok("approx. 1.1"));
        }
        assert!(definitions.lines().unwrap_err().contains("CLEAR"));
    }
}
