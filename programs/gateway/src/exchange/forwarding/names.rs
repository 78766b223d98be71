//! The one table of the fields by which proxies tell the next hop of the client and of what it asked for,
//! and that servers and frameworks read: Symfony, Laravel, Laminas, Rails, Django, Werkzeug, gunicorn,
//! Spring, Tomcat, ASP.NET, IIS, Express, Magento and WordPress, behind the balancers and delivery
//! networks that are in use. docs/protocols/http1.md lists it; a test compares the two.

/// What a field is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::exchange) enum About {
    /// The client: its address, or its certificate.
    Client,
    /// The scheme that the client used.
    Scheme,
    /// The host that it asked.
    Host,
    /// The port that it asked.
    Port,
    /// The path that it asked for, or a part of one.
    Path,
    /// Several of these: Forwarded (RFC 7239).
    Elements,
}

/// Names in lower case, with `-` for any sign.
const NAMES: [(&[u8], About); 86] = [
    (b"x-forwarded-for", About::Client),
    (b"x-real-ip", About::Client),
    (b"forwarded-for", About::Client),
    (b"x-forward-for", About::Client),
    (b"x-original-for", About::Client),
    (b"x-original-forwarded-for", About::Client),
    (b"client-ip", About::Client),
    (b"true-client-ip", About::Client),
    (b"x-client-ip", About::Client),
    (b"x-cluster-client-ip", About::Client),
    (b"cluster-client-ip", About::Client),
    (b"proxy-client-ip", About::Client),
    (b"wl-proxy-client-ip", About::Client),
    (b"x-remote-ip", About::Client),
    (b"x-remote-addr", About::Client),
    (b"remote-addr", About::Client),
    (b"x-originating-ip", About::Client),
    (b"x-proxyuser-ip", About::Client),
    (b"x-real-port", About::Client),
    (b"x-client-port", About::Client),
    (b"cf-connecting-ip", About::Client),
    (b"cf-connecting-ipv6", About::Client),
    (b"cf-pseudo-ipv4", About::Client),
    (b"do-connecting-ip", About::Client),
    (b"fastly-client-ip", About::Client),
    (b"fly-client-ip", About::Client),
    (b"incap-client-ip", About::Client),
    (b"x-sucuri-clientip", About::Client),
    (b"x-azure-clientip", About::Client),
    (b"x-azure-socketip", About::Client),
    (b"x-azure-fdid", About::Client),
    (b"x-envoy-external-address", About::Client),
    (b"x-nf-client-connection-ip", About::Client),
    (b"x-vercel-forwarded-for", About::Client),
    (b"client-cert", About::Client),
    (b"client-cert-chain", About::Client),
    (b"x-client-cert", About::Client),
    (b"x-arr-clientcert", About::Client),
    (b"x-forwarded-proto", About::Scheme),
    (b"x-forwarded-protocol", About::Scheme),
    (b"x-forwarded-scheme", About::Scheme),
    (b"x-forwarded-ssl", About::Scheme),
    (b"x-forwarded-https", About::Scheme),
    (b"x-forward-proto", About::Scheme),
    (b"x-original-proto", About::Scheme),
    (b"x-original-scheme", About::Scheme),
    (b"x-scheme", About::Scheme),
    (b"x-url-scheme", About::Scheme),
    (b"x-protocol-scheme", About::Scheme),
    (b"x-http-scheme", About::Scheme),
    (b"x-https", About::Scheme),
    (b"x-ssl", About::Scheme),
    (b"x-arr-ssl", About::Scheme),
    (b"front-end-https", About::Scheme),
    (b"ssl-offloaded", About::Scheme),
    (b"https", About::Scheme),
    (b"fastly-ssl", About::Scheme),
    (b"cf-visitor", About::Scheme),
    (b"cloudfront-forwarded-proto", About::Scheme),
    (b"x-forwarded-host", About::Host),
    (b"x-forward-host", About::Host),
    (b"x-original-host", About::Host),
    (b"x-host", About::Host),
    (b"x-real-host", About::Host),
    (b"x-http-host-override", About::Host),
    (b"x-forwarded-port", About::Port),
    (b"x-original-port", About::Port),
    (b"x-forwarded-prefix", About::Path),
    (b"x-forwarded-path", About::Path),
    (b"x-forwarded-uri", About::Path),
    (b"x-forwarded-url", About::Path),
    (b"x-forwarded-context", About::Path),
    (b"x-original-url", About::Path),
    (b"x-original-uri", About::Path),
    (b"x-original-path", About::Path),
    (b"x-original-prefix", About::Path),
    (b"x-rewrite-url", About::Path),
    (b"x-rewrite-uri", About::Path),
    (b"x-waws-unencoded-url", About::Path),
    (b"x-envoy-original-path", About::Path),
    (b"x-script-name", About::Path),
    (b"script-name", About::Path),
    (b"path-info", About::Path),
    (b"request-uri", About::Path),
    (b"x-request-uri", About::Path),
    (b"forwarded", About::Elements),
];

/// What all names begin with that are of the family, whatever follows.
const PREFIXES: [&[u8]; 5] =
    [b"x-forwarded", b"x-appengine-", b"x-ssl-client", b"ssl-client", b"cloudfront-viewer-"];

/// What a field of this name tells, if it is one of these. Gateways of CGI, WSGI and the like take all signs
/// in a name for one (`X_Forwarded_Ssl`, `X.Scheme`), and so does this.
pub(in crate::exchange) fn about(name: &[u8]) -> Option<About> {
    // Browsers send many of these, and none of the table begins so.
    if matches!(name, [b's' | b'S', b'e' | b'E', b'c' | b'C', b'-', ..]) {
        return None;
    }
    if let Some((_, about)) =
        NAMES.iter().find(|(known, _)| known.len() == name.len() && begins_with(name, known))
    {
        return Some(*about);
    }
    PREFIXES.iter().any(|prefix| begins_with(name, prefix)).then_some(About::Client)
}

fn begins_with(name: &[u8], start: &[u8]) -> bool {
    name.len() >= start.len() && name.iter().zip(start).all(|(byte, known)| plain(*byte) == *known)
}

fn plain(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_known_however_their_signs_are_written() {
        for (name, told) in [
            ("X-Forwarded-Ssl", Some(About::Scheme)),
            ("X_Forwarded_Ssl", Some(About::Scheme)),
            ("x.scheme", Some(About::Scheme)),
            ("CloudFront-Forwarded-Proto", Some(About::Scheme)),
            ("SCRIPT_NAME", Some(About::Path)),
            ("X-Forwarded-Anything", Some(About::Client)),
            ("X_Forwarded", Some(About::Client)),
            ("X-SSL-Client-S-DN", Some(About::Client)),
            ("Forwarded", Some(About::Elements)),
        ] {
            assert_eq!(about(name.as_bytes()), told, "{name}");
        }
        for name in [
            "Host",
            "Via",
            "X-Forward",
            "X-Requested-With",
            "X-Request-Id",
            "Sec-Ch-Ua",
            "Accept",
            "X-Original",
            "Https-Only",
            "X-Hosting",
            "Path",
            "Content-Type",
            "Upgrade-Insecure-Requests",
        ] {
            assert_eq!(about(name.as_bytes()), None, "{name}");
        }
    }

    /// Operators look there for what their servers are not told.
    #[test]
    fn the_document_lists_the_table() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocols/http1.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, rest) = page.split_once("<!-- begin fields -->").expect("a begin mark");
        let (listed, _) = rest.split_once("<!-- end fields -->").expect("an end mark");
        let listed: BTreeSet<String> =
            listed.split('`').skip(1).step_by(2).map(str::to_ascii_lowercase).collect();
        let text = |name: &[u8]| String::from_utf8(name.to_vec()).unwrap();
        let names = NAMES.iter().map(|(name, _)| text(name));
        let prefixes = PREFIXES.iter().map(|name| text(name) + "*");
        assert_eq!(listed, names.chain(prefixes).collect());
    }
}
