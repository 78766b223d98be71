//! Who may ask. With a token, whoever has it. Without one only this machine reaches the listener,
//! and what is left to keep out are web pages that a browser on this machine shows:
//!
//! - A page whose name was made to point here (DNS rebinding) is told by the `Host` field: a browser
//!   puts the page's name there, and only an IP address or `localhost` is served. HTTP/1.0 may
//!   leave it out, as health checks of load balancers do.
//! - A page of elsewhere that posts here (CSRF) is told by the `Origin` field, and cannot send
//!   `application/json` without asking first, which is refused.

use std::net::{IpAddr, Ipv6Addr};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use super::console;
use super::refusal::Refusal;
use super::token::Token;

/// Paths that answer without a token: probes carry none, and they tell only that the process lives.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// Whether a request is answered without a token. The console page, which asks for the token, is
/// the same for everybody and tells nothing of the gateway.
fn is_open(request: &Parts) -> bool {
    let path = request.uri.path();
    let safe = request.method.is_safe();
    OPEN.contains(&path) || safe && (path.starts_with(console::FILES) || is_page(request))
}

fn is_page(request: &Parts) -> bool {
    request.uri.path() == "/" && console::is_wanted(&request.headers)
}

/// Decides who may ask.
#[derive(Debug)]
pub(super) struct Guard {
    token: Option<Token>,
}

impl Guard {
    pub(super) fn new(token: Option<Token>) -> Self {
        Self { token }
    }

    /// Lets a request pass, or says why not.
    pub(super) fn check(&self, request: &Parts) -> Result<(), Refusal> {
        match &self.token {
            Some(token) => {
                if !is_open(request) {
                    authorized(token, &request.headers)?;
                }
            }
            None => not_a_web_page(request)?,
        }
        if request.method == Method::POST { is_json(&request.headers) } else { Ok(()) }
    }
}

fn authorized(token: &Token, headers: &HeaderMap) -> Result<(), Refusal> {
    match single(headers, &AUTHORIZATION) {
        Some(field) if token.is_in(field) => Ok(()),
        _ => Err(Refusal::no_token(headers.contains_key(AUTHORIZATION))),
    }
}

fn not_a_web_page(request: &Parts) -> Result<(), Refusal> {
    let refused = |detail| Err(Refusal::new(StatusCode::FORBIDDEN, detail));
    let named = request.uri.authority().map(|authority| authority.as_str().as_bytes());
    let host = single(&request.headers, &HOST);
    let local = |host: Option<&[u8]>| host.is_some_and(is_local);
    // A browser always sends one, and no HTTP/1.0: who leaves it out is a probe.
    let is_absent =
        request.version == http::Version::HTTP_10 && !request.headers.contains_key(HOST);
    if !(local(host) || is_absent) || !named.is_none_or(|named| local(Some(named))) {
        return refused(
            "Ask this gateway by an IP address or by localhost: any other name in Host may be a web page's. With an admin_token_file other names are served.",
        );
    }
    if !request.method.is_safe() && request.headers.contains_key(ORIGIN) {
        let origin =
            single(&request.headers, &ORIGIN).and_then(|origin| origin.strip_prefix(b"http://"));
        if !origin.zip(host).is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host)) {
            return refused("A web page of another origin may not change anything here.");
        }
    }
    Ok(())
}

fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = single(headers, &CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default();
    if kind.trim_ascii().eq_ignore_ascii_case(b"application/json") {
        return Ok(());
    }
    let detail = "Send JSON, with the field `Content-Type: application/json`.";
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// The value of a field that is there once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

/// Whether an authority is an IP address or `localhost`, with or without a port.
fn is_local(authority: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(authority) else { return false };
    let (host, port) = match text.rsplit_once(':') {
        // The colons of an IPv6 address stand inside its brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.eq_ignore_ascii_case("localhost") || matches!(host.parse(), Ok(IpAddr::V4(_))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn verdict(method: &str, fields: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::builder().method(method).uri("/api/v1/purge");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let refusal = Guard::new(None).check(&parts).err()?;
        Some(axum::response::IntoResponse::into_response(refusal).status().as_u16())
    }

    #[test]
    fn only_addresses_and_localhost_are_local() {
        for local in
            ["127.0.0.1", "127.0.0.1:8081", "[::1]:8081", "[::1]", "LocalHost:1", "10.1.2.3:80"]
        {
            assert!(is_local(local.as_bytes()), "{local}");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "::1",
            "127.0.0.1@evil.example",
            "evil.example:127.0.0.1",
            "[evil]",
            "127.0.0.1:80x",
            "\u{e9}",
        ] {
            assert!(!is_local(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_page_of_elsewhere_is_kept_out() {
        let (host, json) = (("host", "127.0.0.1:8081"), ("content-type", "application/json"));
        assert_eq!(verdict("GET", &[host]), None);
        assert_eq!(verdict("POST", &[host, json]), None);
        assert_eq!(verdict("POST", &[host, json, ("origin", "http://127.0.0.1:8081")]), None);
        assert_eq!(verdict("GET", &[("host", "evil.example")]), Some(403));
        assert_eq!(verdict("GET", &[]), Some(403));
        let mut old = Request::builder().uri("/readyz").version(http::Version::HTTP_10);
        let (parts, ()) = old.body(()).unwrap().into_parts();
        assert!(Guard::new(None).check(&parts).is_ok(), "HTTP/1.0 has no Host");
        old = Request::builder()
            .uri("/")
            .version(http::Version::HTTP_10)
            .header("host", "evil.example");
        let (parts, ()) = old.body(()).unwrap().into_parts();
        assert!(Guard::new(None).check(&parts).is_err());
        assert_eq!(verdict("GET", &[host, ("host", "evil.example")]), Some(403));
        for origin in
            ["http://evil.example", "null", "http://127.0.0.1:8080", "https://127.0.0.1:8081"]
        {
            assert_eq!(verdict("POST", &[host, json, ("origin", origin)]), Some(403), "{origin}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            assert_eq!(verdict("POST", &[host, ("content-type", kind)]), Some(415), "{kind}");
        }
        assert_eq!(verdict("POST", &[host]), Some(415));
    }
}
