//! What of a line of the file may be shown: not the passwords in its addresses.

/// The line with a `*` for each character of a password in an address (`scheme://user:password@host`),
/// so that columns stay what they are.
pub(crate) fn without_passwords(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        let is_end = |c: char| c.is_whitespace() || c == '"' || c == '\'';
        let (address, following) = after.split_at(after.find(is_end).unwrap_or(after.len()));
        shown.push_str(before);
        shown.push_str("://");
        // A password that is not encoded may hold an @ itself: the last one counts.
        match address.rsplit_once('@').and_then(|(who, host)| Some((who.split_once(':')?, host))) {
            Some(((user, password), host)) => {
                shown.extend([user, ":", &"*".repeat(password.chars().count()), "@", host]);
            }
            None => shown.push_str(address),
        }
        rest = following;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn passwords_are_covered_and_nothing_else() {
        for (line, shown) in [
            ("a = 1", "a = 1"),
            ("u = \"http://example.org:80/a\"", "u = \"http://example.org:80/a\""),
            ("d = \"postgres://ana@db/x\"", "d = \"postgres://ana@db/x\""),
            ("d = \"postgres://ana:ñu@db:1/x\" # c", "d = \"postgres://ana:**@db:1/x\" # c"),
            ("d = 'p://a:x/y@z@db', \"q://b:1@c\"", "d = 'p://a:*****@db', \"q://b:*@c\""),
            ("d = \"postgres://ana:half@", "d = \"postgres://ana:****@"),
        ] {
            assert_eq!(without_passwords(line), shown);
        }
    }

    proptest! {
        #[test]
        fn columns_stay_what_they_are(line in "[a-z:/@\"' ñ]{0,40}") {
            prop_assert_eq!(without_passwords(&line).chars().count(), line.chars().count());
        }
    }
}
