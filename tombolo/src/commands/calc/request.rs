//! What a person writes, as a request of the protocol.

use tombolo_calculator::protocol::{COMMANDS, is_name};

/// The request that a line means; None if there is nothing on it.
pub(super) fn of(line: &str) -> Option<String> {
    let line = line.trim();
    let word = line.split_whitespace().next()?;
    if COMMANDS.iter().any(|command| command.eq_ignore_ascii_case(word)) {
        return Some(line.to_owned());
    }
    if let Some((name, value)) = line.split_once('=')
        && is_name(name.trim_end())
        && !value.starts_with(['=', '>'])
    {
        return Some(format!("LET {line}"));
    }
    Some(format!("EVAL {line}"))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn people_need_not_know_the_protocol() {
        for (line, request) in [
            ("2+3", "EVAL 2+3"),
            ("  x = 5 ", "LET x = 5"),
            ("x == 5", "EVAL x == 5"),
            ("2 != 3", "EVAL 2 != 3"),
            ("vars", "vars"),
            ("let x = 5", "let x = 5"),
            ("EVAL 2", "EVAL 2"),
            ("variance", "EVAL variance"),
        ] {
            assert_eq!(of(line).as_deref(), Some(request));
        }
        assert_eq!(of("   "), None);
    }
}
