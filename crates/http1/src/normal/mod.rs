//! The one form of a host and of a path in which they are compared (RFC 3986 section 6.2.2):
//! for routes, limits, cache keys and purges alike. Pure functions on bytes.
//!
//! | part | normal form |
//! |---|---|
//! | host | lower case, without final dots; an IPv6 address as RFC 5952 writes it |
//! | port | decimal without leading zeros; whether a default port counts is the caller's matter |
//! | path | unreserved characters decoded, all other percent-encodings in upper case, bytes that no URI may hold encoded, repeated slashes merged, dot segments resolved |
//! | query | as it was sent |
//!
//! An encoded slash stays encoded: `/a%2Fb` and `/a/b` are two paths. What has no normal form is
//! a [`PathError`]: servers disagree on such a path, and one that is compared in one form and
//! served in another leaves its route.

mod host;
mod path;

pub use host::{host, split_port, write_host};
pub use path::{NormalPath, PathError, lies_below, path};

pub(crate) use path::{BAD, ODD, scan};
