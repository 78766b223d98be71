//! Requests that another site's page sends in its visitor's name.
//!
//! Browsers add a cookie to whatever a page sends, so a request that comes with one and changes
//! something must come from our own pages. Browsers tell which page it was: `Sec-Fetch-Site` where
//! the connection is trustworthy, `Origin` everywhere. A bearer token is never added by a browser.

use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, Method};

use crate::http::Origin;
use crate::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request with a cookie that may be another site's doing.
pub(super) fn check(method: &Method, headers: &HeaderMap, origin: &Origin) -> Result<(), Problem> {
    if method.is_safe() || is_ours(headers, origin) {
        return Ok(());
    }
    let detail = "A request with the page's cookie must come from the library's own page; \
                  programs send the token as \"Authorization: Bearer TOKEN\".";
    Err(Problem::forbidden(detail))
}

fn is_ours(headers: &HeaderMap, origin: &Origin) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    headers.get(ORIGIN).is_some_and(|from| {
        from.to_str().is_ok_and(|from| from.eq_ignore_ascii_case(origin.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_change_something_by_cookie() {
        let origin = Origin::for_tests("https://files.example.org");
        for (method, fields, is_allowed) in [
            ("POST", &[("sec-fetch-site", "same-origin")][..], true),
            ("POST", &[("sec-fetch-site", "same-site")], false),
            ("POST", &[("sec-fetch-site", "cross-site")], false),
            ("DELETE", &[("sec-fetch-site", "none")], false),
            ("PATCH", &[("origin", "https://files.example.org")], true),
            ("PATCH", &[("origin", "http://files.example.org")], false),
            ("PUT", &[("origin", "https://evil.example.org")], false),
            ("PUT", &[("origin", "null")], false),
            (
                "POST",
                &[("origin", "https://files.example.org"), ("sec-fetch-site", "cross-site")],
                false,
            ),
            ("POST", &[], false),
            ("GET", &[("sec-fetch-site", "cross-site")], true),
            ("HEAD", &[], true),
        ] {
            let field = |(name, value): &(&'static str, &str)| {
                (HeaderName::from_static(name), value.parse().unwrap())
            };
            let headers: HeaderMap = fields.iter().map(field).collect();
            let method = method.parse().unwrap();
            let checked = check(&method, &headers, &origin);
            assert_eq!(checked.is_ok(), is_allowed, "{method} {fields:?}");
        }
    }
}
