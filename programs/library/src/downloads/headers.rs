//! The fields that content is sent with. They are the same for 200, 206, 304, 416 and HEAD: what
//! keeps a stranger's file from running in our origin must not depend on how it is asked for.

use http::HeaderMap;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, LAST_MODIFIED, VARY, X_CONTENT_TYPE_OPTIONS,
};

use super::conditions::Validators;
use super::{digest_fields, disposition};
use crate::catalogue::{Item, Treatment, Visibility, hexadecimal, served};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// What an item's content is told apart by.
pub(super) fn validators(item: &Item) -> Validators {
    let modified = u64::try_from(item.created.millis()).unwrap_or_default() / 1000;
    // The digest of the bytes: equal tags are equal content, wherever and whenever.
    Validators { etag: format!("\"{}\"", hexadecimal(&item.sha256)), modified }
}

/// All fields but those that tell a length.
pub(super) fn of(item: &Item, asked: &HeaderMap, wants_attachment: bool) -> HeaderMap {
    let (media_type, treatment) = served(&item.media_type);
    let is_attachment = wants_attachment || treatment == Treatment::Attachment;
    let policy = match treatment {
        // Chrome's viewer shows nothing in a sandbox.
        Treatment::InlineViewer => {
            "default-src 'none'; object-src 'self'; plugin-types application/pdf"
        }
        Treatment::Inline | Treatment::Attachment => {
            "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
        }
    };
    // Each use is checked: access may be withdrawn. The bytes behind an address never change.
    let cache = match item.visibility {
        Visibility::Public => "public, no-cache, no-transform",
        Visibility::Plan | Visibility::Private => "private, no-cache, no-transform",
    };
    let Validators { etag, modified } = validators(item);
    let modified = std::time::UNIX_EPOCH
        .checked_add(std::time::Duration::from_secs(modified))
        .unwrap_or(std::time::UNIX_EPOCH);
    let mut headers = HeaderMap::with_capacity(16);
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, media_type);
    set(ETAG, &etag);
    set(LAST_MODIFIED, &httpdate::fmt_http_date(modified));
    set(CACHE_CONTROL, cache);
    set(CONTENT_SECURITY_POLICY, policy);
    headers.insert(CONTENT_DISPOSITION, disposition::field(is_attachment, &item.name));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(VARY, HeaderValue::from_static("Authorization, Cookie"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    digest_fields::add(&mut headers, asked, &item.sha256);
    headers
}
