//! What `tombolo serve library` is told.

use std::net::SocketAddr;
use std::time::Duration;

use crate::catalogue::ChildProgram;
use crate::limits;
use ipnet::IpNet;
use tombolo_storage::{DatabaseUrl, ObjectsUrl};

use crate::payments::PaymentsSettings;

/// What one replica is told when it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database that all replicas share.
    pub database: DatabaseUrl,
    /// Where the content of items lies, for all replicas.
    pub objects: ObjectsUrl,
    /// The name in `X-Replica`: 1 to 64 letters, digits, dots, hyphens and underscores.
    /// None makes one from the process's id.
    pub replica: Option<String>,
    /// Where clients reach the library, for absolute links: scheme, host, port. None: what a gateway
    /// says in `X-Forwarded-Proto` and `X-Forwarded-Host`, else the request's `Host`.
    pub public_url: Option<PublicUrl>,
    /// By whom users pay; without a provider nobody can.
    pub payments: PaymentsSettings,
    /// Peers whose `X-Forwarded-…` fields are believed.
    pub trusted: Vec<IpNet>,
    /// Whether those of peers on this machine are believed, too: gateways.
    pub trust_loopback: bool,
    /// How long requests under way may take to finish once a drain is asked for.
    pub drain: Duration,
    /// Transfers that may be under way at once at this replica.
    pub transfers: usize,
    /// Bytes per second that the transfers of this replica share; None for no limit.
    pub bandwidth: Option<u64>,
    /// What makes thumbnails and reads lengths, each in a child; None for none.
    pub child: Option<ChildProgram>,
}

impl Settings {
    /// Transfers at once at one replica unless something else is asked for.
    pub const TRANSFERS: usize = limits::TRANSFERS;

    /// What holds without being told.
    #[must_use]
    pub fn new(listen: SocketAddr, database: DatabaseUrl, objects: ObjectsUrl) -> Self {
        Self {
            listen,
            database,
            objects,
            replica: None,
            public_url: None,
            payments: PaymentsSettings::default(),
            trusted: Vec::new(),
            trust_loopback: true,
            drain: Duration::from_secs(30),
            transfers: Self::TRANSFERS,
            bandwidth: None,
            child: None,
        }
    }
}

/// A scheme, a host and a port, if it is not the scheme's own: `https://files.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    is_https: bool,
}

impl PublicUrl {
    /// As it is written, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether clients come over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.is_https
    }
}

impl std::str::FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write scheme and host, as in https://files.example.org";
        let text = text.strip_suffix('/').unwrap_or(text);
        let uri: http::Uri = text.parse().map_err(|_| FORM)?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(FORM),
        };
        let is_plain = |authority: &http::uri::Authority| !authority.as_str().contains('@');
        let has_host = uri.authority().is_some_and(is_plain);
        // A text without a path has the path `/`.
        if !has_host || uri.path() != "/" || uri.query().is_some() {
            return Err(FORM);
        }
        Ok(Self { text: text.to_ascii_lowercase(), is_https })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_public_url_is_scheme_and_host() {
        for (text, expected) in [
            ("https://files.example.org", Some("https://files.example.org")),
            ("HTTP://Files.Example.org:8080/", Some("http://files.example.org:8080")),
            ("https://[::1]:8443", Some("https://[::1]:8443")),
            ("files.example.org", None),
            ("ftp://x", None),
            ("https://x/library", None),
            ("https://x/?a", None),
            ("https://user@x", None),
            ("https://", None),
            ("", None),
        ] {
            let read = text.parse::<PublicUrl>().ok();
            assert_eq!(read.as_ref().map(PublicUrl::as_str), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".*") {
            let _ = text.parse::<PublicUrl>();
        }
    }
}
