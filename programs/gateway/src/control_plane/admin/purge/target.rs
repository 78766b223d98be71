//! What an order means for the cache: a URL or a prefix in the one spelling that keys have.

use std::fmt;

use tombolo_cache::key::{Key, KeyRules, TOLD_MARK};
use tombolo_cache::store::Purge;

use super::super::limits::TAG_BYTES;
use super::super::refusal::Mistake;
use super::order::{Order, What};

const NOT_A_URL: &str = "a whole URL that a request can be for is expected, like http://example.org/page or https://example.org:8443/";

/// What is purged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// The text of a key.
    Key(String),
    /// How keys begin.
    Prefix(String),
    Tag(String),
    All,
}

impl Target {
    /// Finds out what is meant. A URL is spelled by the rules of the route it belongs to, so that
    /// the key is that of a request for it.
    pub(super) fn new(
        order: &Order,
        rules_for: impl FnOnce(&str) -> KeyRules,
    ) -> Result<Self, Mistake> {
        let wrong = |message: &str| Mistake {
            field: order.what.field().to_owned(),
            message: message.to_owned(),
        };
        let spelled = |url: &str, rules: &KeyRules| {
            if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(wrong(
                    "it holds blanks or what is not ASCII: write them as %20 and so on, as browsers do",
                ));
            }
            let mut text = Vec::new();
            if rules.of_url(url.as_bytes(), &mut text).is_none() {
                return Err(wrong(NOT_A_URL));
            }
            String::from_utf8(text).map_err(|_| wrong(NOT_A_URL))
        };
        match &order.what {
            What::Url(url) => spelled(url, &rules_for(url)).map(Self::Key),
            What::Prefix(prefix) if !ends_whole(prefix) => Err(wrong(
                "it ends within a percent-encoding, or with '.' or '..', which are resolved: lengthen or shorten it",
            )),
            What::Prefix(prefix) => spelled(prefix, &KeyRules::default()).map(Self::Prefix),
            What::Tag(tag) if tag.len() > TAG_BYTES => Err(wrong("a tag has at most 1024 bytes")),
            What::Tag(tag) if tag.chars().any(|c| c.is_whitespace() || c.is_control()) => {
                Err(wrong("a tag holds no blanks; send one request for each tag"))
            }
            What::Tag(tag) => Ok(Self::Tag(tag.clone())),
            What::All => Ok(Self::All),
        }
    }

    /// The same for the store.
    pub(super) fn purge(&self) -> Purge<'_> {
        match self {
            Self::Key(text) => Purge::Key(Key::of_text(text.as_bytes())),
            Self::Prefix(prefix) => Purge::Prefix(prefix.as_bytes()),
            Self::Tag(tag) => Purge::Tag(tag.as_bytes()),
            Self::All => Purge::All,
        }
    }

    /// How the keys of a URL begin of which a trusted hop told upstream more.
    pub(super) fn of_hops(&self) -> Option<Vec<u8>> {
        let Self::Key(text) = self else { return None };
        Some([text.as_bytes(), &[TOLD_MARK]].concat())
    }

    /// The member of an answer that tells it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "url",
            Self::Prefix(_) => "prefix",
            Self::Tag(_) => "tag",
            Self::All => "all",
        }
    }

    /// Its value there.
    pub(super) fn value(&self) -> serde_json::Value {
        match self {
            Self::Key(text) | Self::Prefix(text) | Self::Tag(text) => text.as_str().into(),
            Self::All => true.into(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(text) => out.write_str(text),
            Self::Prefix(text) => write!(out, "prefix {text}"),
            Self::Tag(text) => write!(out, "tag {text}"),
            Self::All => out.write_str("everything"),
        }
    }
}

/// Whether what follows a prefix leaves the normal form of the prefix as it is.
fn ends_whole(prefix: &str) -> bool {
    let path = prefix.split(['?', '#']).next().unwrap_or_default();
    let segment = path.rsplit('/').next().unwrap_or_default();
    let is_cut = |after: &str| after.len() < 2;
    !matches!(segment, "." | "..") && !segment.rsplit_once('%').is_some_and(|(_, end)| is_cut(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tombolo_cache::key::{QueryParameters, QueryRule};

    fn target(what: What) -> Result<Target, String> {
        let order = Order { what, soft: false };
        Target::new(&order, |_| KeyRules::default()).map_err(|mistake| mistake.message)
    }

    #[test]
    fn urls_and_prefixes_are_spelled_as_keys_are() {
        for (url, key) in [
            ("http://Example.ORG/A?b#c", "http://example.org/A?b"),
            ("HTTP://example.org:80", "http://example.org/"),
            ("https://example.org:8443/x", "https://example.org:8443/x"),
            ("http://example.org./%61//b/../c", "http://example.org/a/c"),
        ] {
            assert_eq!(target(What::Url(url.into())), Ok(Target::Key(key.into())));
            assert_eq!(target(What::Prefix(url.into())), Ok(Target::Prefix(key.into())));
        }
    }

    #[test]
    fn a_prefix_without_a_path_means_that_host_alone() {
        let all_of_host = Target::Prefix("http://example.org/".into());
        assert_eq!(target(What::Prefix("http://example.org".into())), Ok(all_of_host));
    }

    #[test]
    fn what_no_key_can_be_is_a_mistake() {
        for url in [
            "/page",
            "example.org/page",
            "ftp://example.org/",
            "http://",
            "http://u@h/",
            "http://a b/",
        ] {
            assert!(target(What::Url(url.into())).is_err(), "{url}");
            assert!(target(What::Prefix(url.into())).is_err(), "{url}");
        }
        for prefix in ["http://a/caf%C", "http://a/b%", "http://a/.", "http://a/b/.."] {
            assert!(target(What::Prefix(prefix.into())).unwrap_err().contains("lengthen"));
        }
        assert!(target(What::Url("http://a/\u{e9}".into())).unwrap_err().contains("%20"));
        assert!(target(What::Tag("a b".into())).is_err());
        assert!(target(What::Tag("x".repeat(TAG_BYTES + 1))).is_err());
    }

    #[test]
    fn the_rules_of_the_route_hold_for_a_url() {
        let sort = QueryParameters { sort: true, ..QueryParameters::default() };
        let rules = KeyRules { query: QueryRule::Parameters(sort) };
        let order = Order { what: What::Url("http://a/?b=2&a=1".into()), soft: false };
        let target = Target::new(&order, |_| rules);
        assert_eq!(target, Ok(Target::Key("http://a/?a=1&b=2".into())));
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".{0,80}") {
            for what in [What::Url(text.clone()), What::Prefix(text.clone()), What::Tag(text)] {
                if let Ok(target) = target(what) {
                    let _ = (target.purge(), target.to_string());
                }
            }
        }
    }
}
