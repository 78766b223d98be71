//! The IETF's draft "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload), interop
//! versions 6 and 8.
//!
//! An interim response (104) tells where an upload is while its creation is still sending bytes.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use tombolo_serve::Exchange;

use super::api::Asker;
use super::append::{Append, Appended, append, append_to_new};
use super::create::{New, create as create_upload};
use super::digest::{self, Checksum};
use super::fields::{self, CONTENT_DIGEST, ITEM, LENGTH, OFFSET, REPR_DIGEST, draft as field};
use super::limits;
use super::look::{find, look};
use super::metadata;
use super::refusal;
use super::row::{Kind, Upload};
use super::shown::{Shown, is_complete};
use super::tus::{expected, has_type, put, repeat};
use crate::ids::UploadId;
use crate::problem::Problem;

/// The type of a body that is added.
const MEDIA_TYPE: &str = "application/partial-upload";

/// The first interop version whose bodies have it.
const WITH_MEDIA_TYPE: u64 = 6;

/// Interop versions of clients that know interim responses.
const ANNOUNCED: [&str; 2] = ["6", "8"];

/// Upload Resumption Supported.
const INTERIM: StatusCode = match StatusCode::from_u16(104) {
    Ok(status) => status,
    Err(_) => StatusCode::CONTINUE,
};

/// `Upload-Limit`.
pub(super) fn limit() -> String {
    let (most, age) = (limits::UPLOAD_BYTES, limits::EXPIRY_TIME.as_secs());
    format!("max-size={most}, min-size=0, max-age={age}")
}

/// What a request says of the length: by `Upload-Length`, or by its own length if it is the last.
fn length(headers: &HeaderMap, offset: u64, ends: bool) -> Result<Option<u64>, Problem> {
    let said = fields::bytes(headers, &LENGTH)?;
    let own = if ends { fields::bytes(headers, &CONTENT_LENGTH)? } else { None };
    let by_own = own.map(|own| offset.saturating_add(own));
    match (said, by_own) {
        (Some(said), Some(own)) if said != own => Err(refusal::inconsistent_length()),
        (said, own) => Ok(said.or(own)),
    }
}

/// What the body of this request must be.
fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(text) = fields::text(headers, &CONTENT_DIGEST)? else { return Ok(None) };
    let wrong = |_| fields::wrong(&CONTENT_DIGEST, "its sha-256 is none");
    Ok(digest::sha256_of_field(text).map_err(wrong)?.map(Checksum::of_sha256))
}

/// The file's name: `Content-Disposition: …; filename="…"`, or `filename*=UTF-8''…`.
fn name(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_DISPOSITION)?.to_str().ok()?;
    let parameter = |name: &str| {
        text.split(';').skip(1).find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let encoded = parameter("filename*").and_then(|value| {
        let text = value.strip_prefix("UTF-8''").or_else(|| value.strip_prefix("utf-8''"))?;
        unescaped(text)
    });
    let plain = || parameter("filename").map(|value| value.trim_matches('"').replace('\\', ""));
    metadata::name(&encoded.or_else(plain)?)
}

/// A text whose bytes are written as `%41`.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// POST: a new upload, with all of its bytes, some or none.
pub(super) async fn create(asker: &Asker, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    // A plain POST is all of a file.
    let ends = fields::truth(headers, &field::COMPLETE).unwrap_or(true);
    let (name, length) = (name(headers), length(headers, 0, ends)?);
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let new = New {
        owner: asker.user,
        kind: Kind::Whole,
        length,
        metadata: None,
        repeat: repeat(headers, name.as_deref(), length)?,
        name: name.unwrap_or_default(),
        media_type: kind.and_then(metadata::media_type),
        expected: expected(headers)?,
        pieces: Vec::new(),
        holds: true,
    };
    let checksum = checksum(headers)?;
    let (upload, is_again) = create_upload(&asker.library.uploads, new).await?;
    if is_again {
        let upload = look(&asker.library, asker.user, upload.id).await?;
        return Ok(created(asker, &upload, StatusCode::CREATED));
    }
    announce(asker, &parts, &upload);
    let client = asker.client;
    let adding = Append { offset: 0, length: None, checksum, ends, body, client };
    match append_to_new(&asker.library, upload.clone(), adding).await {
        Ok(Appended { offset, complete }) => {
            let mut upload = complete.unwrap_or(upload);
            upload.offset = offset;
            Ok(created(asker, &upload, StatusCode::CREATED))
        }
        Err(problem) => Err(asker.with_location(problem, upload.id)),
    }
}

/// Tells where an upload is before its bytes have come: a client that is cut in the middle of the first
/// request knows where to ask. Only those of an interop version that we speak are told.
fn announce(asker: &Asker, parts: &Parts, upload: &Upload) {
    let Some(version) = parts.headers.get(field::INTEROP) else { return };
    let is_known = ANNOUNCED.iter().any(|known| version.as_bytes() == known.as_bytes());
    let exchange = parts.extensions.get::<Exchange>();
    let Some(exchange) = exchange.filter(|_| is_known && parts.version == Version::HTTP_11) else {
        return;
    };
    let address = HeaderValue::try_from(asker.address(upload.id));
    let limit = HeaderValue::try_from(limit());
    let (Ok(address), Ok(limit)) = (address, limit) else { return };
    let fields = [(LOCATION, address), (field::INTEROP, version.clone()), (field::LIMIT, limit)];
    exchange.tell(INTERIM, &fields);
}

fn created(asker: &Asker, upload: &Upload, status: StatusCode) -> Response {
    let mut response = (status, axum::Json(Shown::of(upload))).into_response();
    let headers = response.headers_mut();
    put(headers, LOCATION, &asker.address(upload.id));
    describe(upload, headers);
    response
}

/// What header fields say of an upload.
pub(super) fn describe(upload: &Upload, headers: &mut HeaderMap) {
    headers.insert(OFFSET, HeaderValue::from(upload.offset));
    let complete = if is_complete(upload) { "?1" } else { "?0" };
    headers.insert(field::COMPLETE, HeaderValue::from_static(complete));
    if let Some(length) = upload.length {
        headers.insert(LENGTH, HeaderValue::from(length));
    }
    put(headers, field::LIMIT, &limit());
    if let Some(item) = upload.item {
        put(headers, ITEM, &item.to_string());
    }
    if let Some(sha256) = &upload.sha256 {
        put(headers, REPR_DIGEST, &digest::field(sha256));
    }
}

/// HEAD: where an upload is.
pub(super) async fn head(asker: &Asker, id: UploadId) -> Result<Response, Problem> {
    let upload = look(&asker.library, asker.user, id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    describe(&upload, response.headers_mut());
    // It is of the upload's resource, not of this representation, which has none.
    response.headers_mut().remove(REPR_DIGEST);
    Ok(response)
}

/// PATCH: more bytes.
pub(super) async fn patch(
    asker: &Asker,
    id: UploadId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let version = fields::bytes(headers, &field::INTEROP)?;
    let is_old = version.is_some_and(|version| version < WITH_MEDIA_TYPE);
    if !is_old && !has_type(headers, MEDIA_TYPE) {
        let detail = "Bytes are added with Content-Type: application/partial-upload.";
        return Err(Problem::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let missing = |name: &http::HeaderName| fields::wrong(name, "it is missing");
    let offset = fields::bytes(headers, &OFFSET)?.ok_or_else(|| missing(&OFFSET))?;
    let ends = fields::truth(headers, &field::COMPLETE);
    let ends = ends.ok_or_else(|| missing(&field::COMPLETE))?;
    let length = length(headers, offset, ends)?;
    let found = find(&asker.library, asker.user, id).await?;
    if ends && is_complete(&found) && found.offset == offset && length.is_none_or(|it| it == offset)
    {
        // The answer to the last bytes was lost, or they came with `?0`.
        return Ok(created(asker, &found, StatusCode::OK));
    }
    let checksum = checksum(headers)?;
    let adding = Append { offset, length, checksum, ends, body, client: asker.client };
    let Appended { offset, complete } = append(&asker.library, asker.user, id, adding).await?;
    match complete {
        Some(upload) => Ok(created(asker, &upload, StatusCode::OK)),
        None => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            let headers = response.headers_mut();
            headers.insert(OFFSET, HeaderValue::from(offset));
            headers.insert(field::COMPLETE, HeaderValue::from_static("?0"));
            Ok(response)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> Option<String> {
        name(&HeaderMap::from_iter([(CONTENT_DISPOSITION, text.parse().ok()?)]))
    }

    #[test]
    fn names_are_read() {
        for (text, expected) in [
            ("attachment; filename=\"a b.txt\"", Some("a b.txt")),
            ("inline;filename=a.txt", Some("a.txt")),
            ("attachment; filename=\"x\"; filename*=UTF-8''%c5%81%20a", Some("Ł a")),
            ("attachment; filename*=UTF-8''..%2Fx", Some("x")),
            ("attachment; filename*=UTF-8''%zz", None),
            ("attachment", None),
        ] {
            assert_eq!(named(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn lengths_have_to_agree() {
        let headers = |pairs: &[(http::HeaderName, &str)]| {
            let pair =
                |(name, text): &(http::HeaderName, &str)| (name.clone(), text.parse().unwrap());
            pairs.iter().map(pair).collect::<HeaderMap>()
        };
        let both = headers(&[(LENGTH, "10"), (CONTENT_LENGTH, "4")]);
        assert_eq!(length(&both, 6, true).unwrap(), Some(10));
        assert_eq!(length(&both, 0, false).unwrap(), Some(10));
        assert!(length(&both, 0, true).is_err());
        let own = headers(&[(CONTENT_LENGTH, "4")]);
        assert_eq!(length(&own, 6, true).unwrap(), Some(10));
        assert_eq!(length(&own, 6, false).unwrap(), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "[ -~]{0,40}") {
            let _ = (named(&text), unescaped(&text));
        }
    }
}
