//! The cache key (RFC 9111 section 2): which requests may share a stored response.
//!
//! A key is the target URI in one spelling: `scheme://host[:port]/path?query`, host and path in
//! normal form ([`tombolo_http1::normal`]), without the scheme's own port, the query as it was
//! sent. Rules may sort or drop query parameters. What a hop that is believed tells upstream
//! of the target beyond that stands behind a blank, which no URI holds. No other request field goes in;
//! what differs by those differs by Vary. The method is not part of it: only GET and HEAD are answered
//! from the cache, and both by the stored answer to a GET.

mod authority;
mod hash;
mod memo;
mod query;

pub use authority::write_authority;
pub use hash::KeyHash;
pub use query::{QueryParameters, QueryRule};

use tombolo_http1::normal;

use crate::message::Request;

/// What stands before what upstream is told beyond the target URI.
pub const TOLD_MARK: u8 = b' ';

/// Scheme of the target URI.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Scheme {
    /// `http`
    #[default]
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The scheme with what follows it in a URI.
    pub(crate) const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Http => b"http://",
            Self::Https => b"https://",
        }
    }

    /// The port that need not be written.
    pub(crate) const fn port(self) -> u32 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where a request goes: what its target URI has before the path (RFC 9110 section 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'a> {
    /// The connection's scheme, or what a hop that is believed says of its own.
    pub scheme: Scheme,
    /// Host and port, in any spelling.
    pub authority: &'a [u8],
    /// What upstream is told of the target beyond that; empty: nothing.
    pub told: &'a [u8],
}

impl<'a> Target<'a> {
    /// The target of a request that came by a connection of this scheme. What a client claims of
    /// the scheme, in an absolute-form target or a field, does not count.
    pub fn of(scheme: Scheme, request: &Request<'a>) -> Self {
        Self { scheme, authority: request.head.authority().of(request.buf), told: &[] }
    }
}

/// What of the target goes into the key, for one route.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyRules {
    /// What of the query counts.
    pub query: QueryRule,
}

/// A key in a buffer of the caller's: text and hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key<'a> {
    /// Names the file and the shard; may collide, so `text` is compared.
    pub hash: KeyHash,
    /// The target URI in its one spelling.
    pub text: &'a [u8],
}

impl<'a> Key<'a> {
    /// The key of text that was made by [`KeyRules::write`] before.
    pub fn of_text(text: &'a [u8]) -> Self {
        Self { hash: KeyHash::of(text), text }
    }
}

impl KeyRules {
    /// Writes the key of a request to `target` into `out`, which is cleared and reused.
    pub fn of_request<'o>(
        &self,
        target: Target<'_>,
        request: &Request<'_>,
        out: &'o mut Vec<u8>,
    ) -> Key<'o> {
        self.write_normal(target, request.head.normal_path(request.buf), out)
    }

    /// Writes the key of a target into `out`, which is cleared and reused. An empty path is `/`
    /// (RFC 9110 section 4.2.3). `None`: the path has no normal form, so no request has this key.
    pub fn write<'o>(
        &self,
        target: Target<'_>,
        path_and_query: &[u8],
        out: &'o mut Vec<u8>,
    ) -> Option<Key<'o>> {
        let path_and_query = normal::path(path_and_query).ok()?;
        Some(self.write_normal(target, &path_and_query, out))
    }

    fn write_normal<'o>(
        &self,
        target: Target<'_>,
        path_and_query: &[u8],
        out: &'o mut Vec<u8>,
    ) -> Key<'o> {
        out.clear();
        out.extend_from_slice(target.scheme.prefix());
        write_authority(target.scheme, target.authority, out);
        self.query.write(path_and_query, out);
        if !target.told.is_empty() {
            out.push(TOLD_MARK);
            out.extend_from_slice(target.told);
        }
        Key::of_text(out)
    }

    /// Writes the key of an absolute URL, as an operator types it, into `out`. A fragment is
    /// left out. `None`: the URL is not `http://` or `https://` with a host, or its path has no
    /// normal form.
    pub fn of_url<'o>(&self, url: &[u8], out: &'o mut Vec<u8>) -> Option<Key<'o>> {
        let url = url.split(|&byte| byte == b'#').next().unwrap_or_default();
        let scheme = [Scheme::Http, Scheme::Https].into_iter().find(|scheme| {
            let prefix = scheme.prefix();
            url.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        })?;
        let rest = url.get(scheme.prefix().len()..).unwrap_or_default();
        let end = rest.iter().position(|&b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
        let (authority, path_and_query) = rest.split_at_checked(end)?;
        let plain = |byte: u8| byte > b' ' && byte < 0x7f && byte != b'@';
        if authority.is_empty() || !authority.iter().all(|&byte| plain(byte)) {
            return None;
        }
        self.write(Target { scheme, authority, told: &[] }, path_and_query, out)
    }
}

#[cfg(test)]
mod tests;
