//! Where a request comes from: the client's address, and the scheme and host it used.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use tombolo_serve::Client;

use crate::problem::Problem;
use crate::state::Library;

const X_FORWARDED_PROTO: &str = "x-forwarded-proto";
const X_FORWARDED_HOST: &str = "x-forwarded-host";

/// Where a request comes from: an extension of every request.
#[derive(Clone, Debug)]
pub(super) struct From {
    client: Client,
    origin: Origin,
}

/// The client of a request: for limits that each client has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Client);

/// The scheme and the host that the client used, or those of `public_url`: an absolute link begins
/// with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    text: String,
    is_https: bool,
}

impl Origin {
    /// `https://example.org`, in lower case, without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the client came over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }

    #[cfg(test)]
    pub(crate) fn for_tests(text: &str) -> Self {
        Self { text: text.to_owned(), is_https: text.starts_with("https:") }
    }

    /// What the request says, where it may be believed.
    fn of(headers: &HeaderMap, is_gateway: bool) -> Self {
        let forwarded = |name| is_gateway.then(|| last(headers, name)).flatten();
        let is_https =
            forwarded(X_FORWARDED_PROTO).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let host = forwarded(X_FORWARDED_HOST).filter(|host| is_host(host));
        let host = host.or_else(|| last(headers, HOST.as_str()).filter(|host| is_host(host)));
        let host = host.unwrap_or("localhost").to_ascii_lowercase();
        let (scheme, port) = if is_https { ("https", ":443") } else { ("http", ":80") };
        let host = host.strip_suffix(port).unwrap_or(&host);
        Self { text: format!("{scheme}://{host}"), is_https }
    }
}

/// The last value of a field: what the nearest gateway wrote.
fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// A host and perhaps a port, and nothing else.
fn is_host(text: &str) -> bool {
    let is_plain = |host: &Authority| !host.host().is_empty() && !host.as_str().contains('@');
    text.parse::<Authority>().is_ok_and(|host| is_plain(&host))
}

impl From {
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, library: &Library) -> Self {
        let origin = match &library.settings.public_url {
            Some(url) => Origin { text: url.as_str().to_owned(), is_https: url.is_https() },
            None => Origin::of(headers, library.clients.is_gateway(peer)),
        };
        Self { client: library.clients.of(peer, headers), origin }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let from = parts.extensions.get::<From>();
        from.map(|from| from.origin.clone()).ok_or_else(Problem::internal)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let from = parts.extensions.get::<From>();
        from.map(|from| Self(from.client)).ok_or_else(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_gateway_says_what_the_client_used() {
        let behind = headers(&[
            ("host", "127.0.0.1:9401"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "Files.example.org"),
        ]);
        assert_eq!(Origin::of(&behind, true).as_str(), "https://files.example.org");
        assert_eq!(Origin::of(&behind, false).as_str(), "http://127.0.0.1:9401");
        let direct = headers(&[("host", "example.org:80")]);
        assert_eq!(Origin::of(&direct, true).as_str(), "http://example.org");
    }

    #[test]
    fn no_field_becomes_more_than_a_host() {
        for text in ["a/b", "user@host", "", "a b", "http://x", "a?b"] {
            let headers = headers(&[("x-forwarded-host", text), ("host", "example.org")]);
            assert_eq!(Origin::of(&headers, true).as_str(), "http://example.org", "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_host_gives_a_url(text in "[ -~]{0,40}") {
            let headers = headers(&[("x-forwarded-host", &text)]);
            let origin = Origin::of(&headers, true);
            let uri: http::Uri = origin.as_str().parse().unwrap();
            prop_assert_eq!(uri.path(), "/");
        }
    }
}
