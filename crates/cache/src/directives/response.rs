//! Directives of a response (RFC 9111 section 5.2.2, RFC 5861), by whichever field counts.

use tombolo_http1::FieldId;

use super::{Argument, Directive, directives, smallest, targeted};
use crate::message::{Response, is_token, members};

/// What `no-cache` and `private` apply to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Scope {
    /// The directive is absent.
    #[default]
    Nothing,
    /// The fields it lists; they are in [`ResponseDirectives::withheld`].
    Fields,
    /// The whole response.
    Everything,
}

/// The field the directives are from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Source {
    /// No field that controls caching.
    #[default]
    Absent,
    /// Cache-Control.
    CacheControl,
    /// CDN-Cache-Control; Cache-Control, Expires and Pragma do not count (RFC 9213 section 2.2).
    Targeted,
}

/// What a response allows a shared cache.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ResponseDirectives {
    /// Where this is from.
    pub source: Source,
    /// Not to be stored (section 5.2.2.5).
    pub no_store: bool,
    /// Not to be used without validation (section 5.2.2.4).
    pub no_cache: Scope,
    /// Not for a shared cache (section 5.2.2.7).
    pub private: Scope,
    /// May be stored where it otherwise could not (section 5.2.2.9).
    pub public: bool,
    /// Not to be used stale (section 5.2.2.2).
    pub must_revalidate: bool,
    /// Not to be used stale by a shared cache (section 5.2.2.8).
    pub proxy_revalidate: bool,
    /// To be stored only if the status is understood; then `no_store` does not count (section
    /// 5.2.2.3).
    pub must_understand: bool,
    /// Lifetime in seconds (section 5.2.2.1).
    pub max_age: Option<u32>,
    /// Lifetime in a shared cache in seconds (section 5.2.2.10).
    pub s_maxage: Option<u32>,
    /// Seconds for which it may be used stale while it is validated (RFC 5861 section 3).
    pub stale_while_revalidate: Option<u32>,
    /// Seconds for which it may be used stale if the origin fails (RFC 5861 section 4).
    pub stale_if_error: Option<u32>,
    /// Names, in lower case, of the fields that `no-cache` or `private` list: not stored.
    pub withheld: Vec<Box<[u8]>>,
}

impl ResponseDirectives {
    /// Reads those that count for a shared cache: a targeted field that is well-formed and not
    /// empty, else Cache-Control (RFC 9213 section 2.2).
    pub fn of(response: &Response<'_>) -> Self {
        if response.has(FieldId::CdnCacheControl)
            && let Some(found) = targeted::read(response.lines(FieldId::CdnCacheControl))
        {
            return found;
        }
        let mut found = Self::default();
        for line in response.lines(FieldId::CacheControl) {
            found.source = Source::CacheControl;
            found.read_line(line);
        }
        found
    }

    /// Adds the directives of one Cache-Control value.
    pub fn read_line(&mut self, line: &[u8]) {
        let (parts, balanced) = directives(line);
        for directive in parts {
            self.read_one(&directive);
        }
        if !balanced {
            self.allow_nothing();
        }
    }

    fn read_one(&mut self, directive: &Directive<'_>) {
        let well_formed = directive.argument != Argument::Malformed;
        let seconds = directive.argument.seconds().unwrap_or(0);
        if directive.is(b"no-store") {
            self.no_store = true;
        } else if directive.is(b"no-cache") {
            self.no_cache = self.no_cache.max(self.scope(directive.argument));
        } else if directive.is(b"private") {
            self.private = self.private.max(self.scope(directive.argument));
        } else if directive.is(b"public") {
            self.public |= well_formed;
        } else if directive.is(b"must-revalidate") {
            self.must_revalidate = true;
        } else if directive.is(b"proxy-revalidate") {
            self.proxy_revalidate = true;
        } else if directive.is(b"must-understand") {
            self.must_understand = true;
        } else if directive.is(b"max-age") {
            smallest(&mut self.max_age, seconds);
        } else if directive.is(b"s-maxage") {
            smallest(&mut self.s_maxage, seconds);
        } else if directive.is(b"stale-while-revalidate") {
            smallest(&mut self.stale_while_revalidate, seconds);
        } else if directive.is(b"stale-if-error") {
            smallest(&mut self.stale_if_error, seconds);
        }
    }

    fn scope(&mut self, argument: Argument<'_>) -> Scope {
        match argument {
            Argument::Plain(list) | Argument::Quoted(list) => self.withhold(list),
            Argument::None | Argument::Malformed => Scope::Everything,
        }
    }

    /// Notes the fields of a list. The whole response is meant if one of them is no name, or is
    /// one without which the rest would mean something else.
    pub(super) fn withhold(&mut self, list: &[u8]) -> Scope {
        let mut scope = Scope::Everything;
        for name in members(list) {
            if !is_token(name) || is_essential(FieldId::of_name(name)) {
                return Scope::Everything;
            }
            self.withheld.push(name.to_ascii_lowercase().into());
            scope = Scope::Fields;
        }
        scope
    }

    /// Takes back whatever allows more than the default.
    fn allow_nothing(&mut self) {
        self.public = false;
        self.must_understand = false;
        self.max_age = Some(0);
        self.s_maxage = self.s_maxage.map(|_| 0);
        self.stale_while_revalidate = None;
        self.stale_if_error = None;
    }

    /// Whether a name, in any letter case, is one of a field not to be stored.
    pub fn withholds(&self, name: &[u8]) -> bool {
        self.withheld.iter().any(|withheld| name.eq_ignore_ascii_case(withheld))
    }
}

/// Fields without which a stored response would be another one.
fn is_essential(id: FieldId) -> bool {
    matches!(
        id,
        FieldId::ContentEncoding
            | FieldId::ContentType
            | FieldId::ContentRange
            | FieldId::ContentLength
            | FieldId::TransferEncoding
            | FieldId::Vary
            | FieldId::CacheControl
            | FieldId::CdnCacheControl
            | FieldId::Expires
            | FieldId::Date
            | FieldId::Age
    )
}
