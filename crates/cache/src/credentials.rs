//! Whether a request says who sends it. The answer to one that does may be its sender's own.
//!
//! RFC 9111 knows Authorization alone (section 3.5) and warns of cookies (section 7.3).
//! Applications have many more: keys and tokens in fields of their own. An answer that says how
//! long it is fresh is meant for all who may be given it; where the configured lifetime or the
//! heuristic has to say it, a request with any credential takes no part: it is not stored, nor is
//! it answered from what was so stored.

use tombolo_http1::FieldId;

use crate::message::Request;
use crate::metadata::{LifetimeSource, Metadata};
use crate::policy::Policy;

/// Names of fields that are credentials wherever they occur. `*` stands for any beginning or rest.
const CREDENTIALS: &[&str] = &[
    "proxy-authorization",
    "x-auth-*",
    "*-auth",
    "*-authorization",
    "*token",
    "*api-key",
    "*apikey",
    "*-access-key",
    "*-subscription-key",
    "*-functions-key",
    "*-secret",
    "*-session",
    "*-session-id",
    "*-signature",
    "*-assertion",
    "*-credential",
    "*-client-cert",
    "x-forwarded-user",
    "x-remote-user",
    "x-user",
    "*-userid",
    "*-email",
    "remote-user",
    "x-webauth-*",
    "x-jfrog-art-api",
    "x-amzn-oidc-*",
    "dpop",
];

/// Names of fields in lower case, some with a `*` at the beginning or the end.
///
/// Each field of a request is compared on the way of a hit, so nearly all are ruled out by two bytes:
/// the first two of the name for patterns that say how it begins, the last two for the others.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FieldPatterns {
    texts: Box<[Box<str>]>,
    begins: Pairs,
    ends: Pairs,
}

impl FieldPatterns {
    /// Patterns from their texts, in any case.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Self {
        let lower = |text: &str| text.to_ascii_lowercase().into();
        let texts: Box<[Box<str>]> = patterns.into_iter().map(lower).collect();
        let (mut begins, mut ends) = (Pairs::default(), Pairs::default());
        for text in &texts {
            match text.as_bytes().strip_prefix(b"*") {
                Some(end) => ends.add(end.last_chunk()),
                None => begins.add(text.trim_end_matches('*').as_bytes().first_chunk()),
            }
        }
        Self { texts, begins, ends }
    }

    /// The usual names of credentials.
    pub fn credentials() -> Self {
        Self::new(CREDENTIALS.iter().copied())
    }

    /// The patterns, in lower case.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    fn match_name(&self, name: &[u8]) -> bool {
        (self.begins.may_have(name.first_chunk()) || self.ends.may_have(name.last_chunk()))
            && self.texts.iter().any(|pattern| is_like(pattern.as_bytes(), name))
    }
}

/// Pairs of bytes, as far as their lower five bits tell: letters in any case are alike.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Pairs(Box<[u32; 32]>);

impl Pairs {
    /// Adds a pair. None stands for a text that is too short to have one: any pair may be its.
    fn add(&mut self, pair: Option<&[u8; 2]>) {
        match pair {
            Some([first, second]) => {
                if let Some(row) = self.0.get_mut(usize::from(first & 31)) {
                    *row |= 1 << (second & 31);
                }
            }
            None => *self.0 = [u32::MAX; 32],
        }
    }

    /// False if the pair was not added. A name that is too short to have one may be any.
    #[inline]
    fn may_have(&self, pair: Option<&[u8; 2]>) -> bool {
        let Some([first, second]) = pair else { return true };
        self.0.get(usize::from(first & 31)).is_some_and(|row| row & (1 << (second & 31)) != 0)
    }
}

/// Whether `name`, in any case, is what `pattern` stands for.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let end = |length: usize| name.len().checked_sub(length).and_then(|at| name.get(at..));
    let (part, text) = match pattern {
        [b'*', text @ ..] => (end(text.len()), text),
        [text @ .., b'*'] => (name.get(..text.len()), text),
        text => (Some(name), text),
    };
    part.is_some_and(|part| part.eq_ignore_ascii_case(text))
}

/// Whether the request carries credentials: Authorization, a cookie other than the policy's
/// `own_cookie`, or one of its fields.
pub fn has_credentials(request: &Request<'_>, policy: &Policy) -> bool {
    if request.has(FieldId::Authorization) {
        return true;
    }
    if !policy.cookies_without_freshness && has_cookie(request, policy.own_cookie.as_deref()) {
        return true;
    }
    let fields = request.head.fields().iter();
    fields.filter(|field| !is_of_hop(field.id)).any(|field| {
        let name = field.name.of(request.buf);
        policy.credential_headers.match_name(name)
    })
}

/// Whether a stored response is for this request as far as credentials go: one that is fresh by the
/// configured lifetime or the heuristic alone is for requests without any.
#[inline]
pub fn suits(request: &Request<'_>, meta: &Metadata, policy: &Policy) -> bool {
    let guessed =
        matches!(meta.lifetime_source, LifetimeSource::Default | LifetimeSource::Heuristic);
    !guessed || !has_credentials(request, policy)
}

/// Whether the request has a cookie other than `own_cookie`.
fn has_cookie(request: &Request<'_>, own_cookie: Option<&str>) -> bool {
    let own_cookie = own_cookie.map(str::as_bytes);
    request.has(FieldId::Cookie)
        && request
            .lines(FieldId::Cookie)
            .flat_map(cookies)
            .any(|(_, name)| Some(name) != own_cookie)
}

/// The cookies of a Cookie line (RFC 6265 section 4.2.1): each as it stands there, and its name.
pub fn cookies(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = line.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    pairs.filter(|pair| !pair.is_empty()).map(|pair| {
        let name = pair.split(|&byte| byte == b'=').next().unwrap_or_default();
        (pair, name.trim_ascii_end())
    })
}

/// Fields that most requests have and no pattern is for; they are not compared.
const fn is_of_hop(id: FieldId) -> bool {
    !matches!(id, FieldId::Other | FieldId::Folded | FieldId::ProxyAuthorization)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;
    use proptest::prelude::*;

    fn credentials(fields: &str, policy: &Policy) -> bool {
        let policy = Policy { own_cookie: Some("seat".into()), ..policy.clone() };
        has_credentials(&request(fields).as_request(), &policy)
    }

    #[test]
    fn what_applications_use_counts_in_any_case() {
        let policy = Policy::default();
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "X-Api-Key",
            "api-key",
            "APIKEY",
            "X-Auth-Token",
            "PRIVATE-TOKEN",
            "X-Access-Token",
            "X-CSRF-Token",
            "X-XSRF-TOKEN",
            "X-CSRFToken",
            "X-Devpi-Auth",
            "X-Goog-Api-Key",
            "X-Amz-Security-Token",
            "Cf-Access-Jwt-Assertion",
            "X-Auth-Request-User",
            "X-Forwarded-User",
            "Remote-User",
            "Ocp-Apim-Subscription-Key",
            "X-Session-Id",
            "DPoP",
        ] {
            assert!(credentials(&format!("{name}: a\r\n"), &policy), "{name}");
        }
    }

    #[test]
    fn what_browsers_send_of_themselves_does_not() {
        let fields = "User-Agent: a\r\nAccept: */*\r\nAccept-Language: en\r\nReferer: http://a/\r\n\
                      sec-ch-ua: a\r\nsec-ch-ua-platform: b\r\nSec-Fetch-Site: none\r\n\
                      Sec-Fetch-User: ?1\r\nUpgrade-Insecure-Requests: 1\r\nDNT: 1\r\n\
                      Priority: u=0\r\nOrigin: http://a\r\nX-Requested-With: x\r\n\
                      Save-Data: on\r\nSec-GPC: 1\r\nCookie: seat=1;\r\n";
        assert!(!credentials(fields, &Policy::default()));
    }

    #[test]
    fn cookies_count_but_for_our_own() {
        let policy = Policy::default();
        assert!(credentials("Cookie: a=b\r\n", &policy));
        assert!(credentials("Cookie: seat=1; a=b\r\n", &policy));
        assert!(credentials("Cookie: seat=1\r\nCookie: seats=2\r\n", &policy));
        assert!(!credentials("Cookie: seat=1; seat=2\r\n", &policy));
        assert!(!credentials("Cookie: ;\r\n", &policy));
        let open = Policy { cookies_without_freshness: true, ..Policy::default() };
        assert!(!credentials("Cookie: a=b\r\n", &open));
        assert!(credentials("Cookie: a=b\r\nX-Api-Key: a\r\n", &open));
    }

    proptest! {
        /// What two bytes rule out is what no pattern is like.
        #[test]
        fn a_name_is_found_as_by_comparing_all(
            patterns in proptest::collection::vec("\\*?[a-cX-]{0,4}\\*?", 0..4),
            names in proptest::collection::vec("[a-cA-Cx-]{0,6}", 1..20),
        ) {
            let found = FieldPatterns::new(patterns.iter().map(String::as_str));
            for name in names {
                let naive = found.texts().any(|text| is_like(text.as_bytes(), name.as_bytes()));
                prop_assert_eq!(found.match_name(name.as_bytes()), naive, "{} {:?}", name, patterns);
            }
        }
    }

    #[test]
    fn patterns_are_the_operators() {
        let own = FieldPatterns::new(["X-Who", "*-pass", "my-*"]);
        let policy = Policy { credential_headers: own, ..Policy::default() };
        for (name, counts) in
            [("x-who", true), ("X-Pass", true), ("My-A", true), ("X-Api-Key", false), ("my", false)]
        {
            assert_eq!(credentials(&format!("{name}: a\r\n"), &policy), counts, "{name}");
        }
    }
}
