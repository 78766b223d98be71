//! The address of a library.

use std::fmt;
use std::str::FromStr;

/// Where a library is: `http://HOST[:PORT][/PREFIX]`, or the same with `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    is_secure: bool,
    authority: String,
    prefix: String,
}

impl Server {
    /// Host and port, as in `Host`.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Host and port to connect to.
    pub(super) fn address(&self) -> String {
        let has_port = self.authority.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
        let port = if self.is_secure { ":443" } else { ":80" };
        format!("{}{}", self.authority, if has_port { "" } else { port })
    }

    /// Whether it is asked over TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The name or address that its certificate must be for.
    pub(super) fn host(&self) -> &str {
        let end = self.authority.rfind(':').filter(|at| {
            let after = self.authority.get(at.saturating_add(1)..).unwrap_or_default();
            after.bytes().all(|byte| byte.is_ascii_digit())
        });
        let host = self.authority.get(..end.unwrap_or(self.authority.len())).unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The target of a request below `/library/api`.
    pub(super) fn target(&self, rest: &str) -> String {
        format!("{}/library/api/{rest}", self.prefix)
    }
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "write it as http://files.example:8080 or https://files.example";
        let secure = text.strip_prefix("https://");
        let rest = secure.or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let uri = format!("http://{authority}").parse::<http::Uri>();
        let has_host = uri.is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
        if rest.contains("://") || !authority.bytes().all(plain) || !has_host {
            return Err(format!("this is no address of a library; {EXAMPLE}"));
        }
        let path = path.trim_end_matches('/');
        let prefix = path.strip_suffix("/library").unwrap_or(path);
        if prefix.bytes().any(|byte| !byte.is_ascii_graphic() || b"?#".contains(&byte)) {
            return Err(format!("leave out what follows the path; {EXAMPLE}"));
        }
        Ok(Self {
            is_secure: secure.is_some(),
            authority: authority.to_ascii_lowercase(),
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(out, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, shown, address) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://Files.example/library/", "http://files.example", "files.example:80"),
            ("http://a:1/x/library", "http://a:1/x", "a:1"),
            ("[::1]:80", "http://[::1]:80", "[::1]:80"),
            ("http://[::1]", "http://[::1]", "[::1]:80"),
            ("https://Files.example/library", "https://files.example", "files.example:443"),
            ("https://a:8443", "https://a:8443", "a:8443"),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!((server.to_string().as_str(), server.address().as_str()), (shown, address));
        }
        for (text, host) in [("https://[::1]:1", "::1"), ("https://a.b", "a.b"), ("c:1", "c")] {
            assert_eq!(text.parse::<Server>().unwrap().host(), host);
        }
        for text in ["", "http://", "https://", "ftp://a", "a b", "http://u:p@a", "http://a/?x"] {
            assert!(text.parse::<Server>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".*") {
            if let Ok(server) = text.parse::<Server>() {
                prop_assert_eq!(server.to_string().parse::<Server>(), Ok(server));
            }
        }
    }
}
