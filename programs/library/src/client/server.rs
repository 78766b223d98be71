//! The address of a library.

use std::fmt;
use std::str::FromStr;

/// Where a library is: `http://HOST[:PORT][/PREFIX]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
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
        format!("{}{}", self.authority, if has_port { "" } else { ":80" })
    }

    /// The target of a request below `/library/api`.
    pub(super) fn target(&self, rest: &str) -> String {
        format!("{}/library/api/{rest}", self.prefix)
    }
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "write it as http://files.example:8080";
        if text.starts_with("https://") {
            return Err("TLS is not in this version yet; give an http:// address".to_owned());
        }
        let rest = text.strip_prefix("http://").unwrap_or(text);
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
        Ok(Self { authority: authority.to_ascii_lowercase(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http://{}{}", self.authority, self.prefix)
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
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!((server.to_string().as_str(), server.address().as_str()), (shown, address));
        }
        for text in ["", "http://", "https://a", "ftp://a", "a b", "http://u:p@a", "http://a/?x"] {
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
