//! The hosts file: names that are known without asking anybody.

use std::net::IpAddr;

const PATH: &str = "/etc/hosts";

/// The addresses of a name in the hosts file; none if it is not there, or cannot be read.
pub(super) async fn find(host: &str) -> Vec<IpAddr> {
    let text = tokio::fs::read_to_string(PATH).await.unwrap_or_default();
    addresses(&text, host)
}

/// The addresses that a hosts file (hosts(5)) has for a name.
fn addresses(text: &str, host: &str) -> Vec<IpAddr> {
    let host = host.trim_end_matches('.');
    let of_line = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let address: IpAddr = words.next()?.parse().ok()?;
        words.any(|name| name.eq_ignore_ascii_case(host)).then_some(address)
    };
    text.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_aliases_are_found_on_any_line() {
        let text = "127.0.0.1 localhost\n10.0.0.1\tapp.test app # old: 10.0.0.9 app\n\n\
                    ::2 App.Test\nnonsense app\n10.0.0.3 apple";
        let found: Vec<String> =
            addresses(text, "app.test.").iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1", "::2"]);
        assert_eq!(addresses(text, "app").len(), 1);
        assert!(addresses(text, "other").is_empty());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".*", host in ".*") {
            let _ = addresses(&text, &host);
        }
    }
}
