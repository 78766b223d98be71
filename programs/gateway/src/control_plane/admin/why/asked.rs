//! The request that is asked about: method, URL and header fields, as the head of a message.

use std::net::{IpAddr, Ipv4Addr};

use super::super::query::Query;

/// A request that was put together.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    /// Whose request it would be.
    pub(super) client: IpAddr,
    /// All of its head.
    pub(super) head: String,
}

impl Asked {
    /// Reads what is asked about. Mistakes are noted in the query.
    pub(super) fn read(query: &mut Query<'_>) -> Self {
        let method = query.text("method").unwrap_or("GET").to_owned();
        let url = query.text("url").unwrap_or_default().to_owned();
        let fields: Vec<String> = query.all("header").map(str::to_owned).collect();
        let client = query.text("client").map(str::parse::<IpAddr>);
        if !is_token(&method) {
            query.mistake("method", "a method such as GET is expected");
        }
        if let Some(Err(_)) = client {
            query.mistake("client", "an IP address is expected");
        }
        let (authority, target) = split(&url).unwrap_or_else(|why| {
            query.mistake("url", why);
            ("", "/")
        });
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        let names_host = |field: &String| {
            field.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("host"))
        };
        if !fields.iter().any(names_host) {
            head.push_str(&format!("Host: {authority}\r\n"));
        }
        for field in &fields {
            match field.split_once(':') {
                Some((name, value)) if is_token(name) && is_value(value) => {
                    head.push_str(&format!("{name}: {}\r\n", value.trim()));
                }
                _ => query.mistake("header", "`Name: value` is expected, on one line"),
            }
        }
        head.push_str("\r\n");
        let client =
            client.and_then(Result::ok).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_canonical();
        Self { method, url, client, head }
    }
}

/// Host and target of a URL.
fn split(url: &str) -> Result<(&str, &str), &'static str> {
    let expected = "a whole URL is expected, such as http://example.org/page";
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let rest = rest.ok_or(expected)?;
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it holds a blank or what is not ASCII: percent-encode it");
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(end).ok_or(expected)?;
    match (authority, target) {
        ("", _) => Err(expected),
        (authority, "") => Ok((authority, "/")),
        // The slash may be left out before a query; the head may not be without it.
        (_, target) if target.starts_with('?') => Err("a / is missing before the ?"),
        (authority, target) => Ok((authority, target)),
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_sign = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_sign(byte))
}

fn is_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<String, String> {
        let uri: http::Uri = format!("/why?{text}").parse().unwrap();
        let mut query = Query::new(&uri, &["url", "method", "client"], &["header"]);
        let asked = Asked::read(&mut query);
        query.finish().map(|()| asked.head).map_err(|refusal| format!("{refusal:?}"))
    }

    #[test]
    fn a_url_becomes_a_head() {
        assert_eq!(
            head("url=http://a.example:80/b?c%23d").unwrap(),
            "GET /b?c HTTP/1.1\r\nHost: a.example:80\r\n\r\n"
        );
        let told = head("url=https://a&method=POST&header=X-Y:%20z&header=Host:b").unwrap();
        assert_eq!(told, "POST / HTTP/1.1\r\nX-Y: z\r\nHost: b\r\n\r\n");
    }

    #[test]
    fn nothing_gets_into_the_head_that_is_not_one_field() {
        for (text, words) in [
            ("url=/page", "whole URL"),
            ("url=http:///", "whole URL"),
            ("url=http://a/%20b", "percent-encode"),
            ("url=http://a?b", "a / is missing"),
            ("url=http://a/&method=GE%20T", "a method"),
            ("url=http://a/&header=nothing", "Name: value"),
            ("url=http://a/&header=a:b%0d%0ac:d", "Name: value"),
            ("url=http://a/&header=a%0d%0a:b", "Name: value"),
            ("url=http://a/&client=localhost", "IP address"),
        ] {
            let told = head(text).unwrap_err();
            assert!(told.contains(words), "{text}: {told}");
        }
    }
}
