//! Downloads: an item's bytes, whole or in parts, for whoever may have them.
//!
//! Owned here: what a request for content means (ranges, conditions), the fields it is answered
//! with, signed links, archives. Not owned: who may see what ([`crate::catalogue`]), where bytes are
//! ([`crate::content`]), how many downloads there may be ([`crate::transfers`]).
//!
//! | file | one idea |
//! |---|---|
//! | `range.rs`, `conditions.rs` | what is asked for: pure |
//! | `headers.rs`, `disposition.rs`, `digest_fields.rs` | the fields of an answer |
//! | `content.rs`, `body.rs`, `read.rs`, `multipart.rs` | the answer |
//! | `links.rs`, `token.rs` | addresses that are rights |
//! | `archive.rs`, `zip.rs` | several items at once |

mod archive;
mod body;
mod conditions;
mod content;
mod digest_fields;
mod disposition;
mod headers;
mod links;
mod multipart;
mod range;
mod read;
mod token;
mod zip;

use utoipa_axum::routes;

pub use self::range::{ByteRanges, byte_ranges};
pub(crate) use self::token::Signer;
use crate::http::Routes;

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(content::get, content::head))
        .routes(routes!(links::create, links::list))
        .routes(routes!(links::revoke))
        .routes(routes!(links::get, links::head))
        .routes(routes!(archive::get, archive::post))
}

#[cfg(test)]
mod foreign;
#[cfg(test)]
mod tests;
