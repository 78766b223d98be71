//! tus 1.0 (https://tus.io/protocols/resumable-upload): core, creation, creation-with-upload,
//! creation-defer-length, expiration, checksum, termination, concatenation.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::api::{Asker, id_of};
use super::append::{Append, Appended, append, append_to_new};
use super::create::{New, create as create_upload};
use super::digest::{self, Checksum};
use super::fields::{self, ITEM, LENGTH, OFFSET, tus as field};
use super::join::join;
use super::limits;
use super::look::look;
use super::metadata::{Metadata, read_metadata};
use super::row::{Kind, State, Upload};
use crate::ids::UploadId;
use crate::problem::Problem;
use crate::time::Time;

/// The version that is spoken.
pub(super) const VERSION: &str = "1.0.0";

const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,expiration,checksum,\
                          termination,concatenation";

/// The type of a body that is added.
const MEDIA_TYPE: &str = "application/offset+octet-stream";

/// Says what can be done.
pub(super) fn abilities(headers: &mut HeaderMap) {
    headers.insert(field::VERSION, HeaderValue::from_static(VERSION));
    headers.insert(field::RESUMABLE, HeaderValue::from_static(VERSION));
    headers.insert(field::EXTENSION, HeaderValue::from_static(EXTENSIONS));
    headers.insert(field::ALGORITHM, HeaderValue::from_static(digest::ALGORITHMS));
}

/// Refuses other versions, before anything else is looked at.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    if fields::text(headers, &field::RESUMABLE)? == Some(VERSION) {
        return Ok(());
    }
    let detail = "This server speaks tus 1.0.0; send Tus-Resumable: 1.0.0.";
    Err(Problem::of(StatusCode::PRECONDITION_FAILED, detail))
}

/// What `Upload-Concat` says.
enum Concat {
    Nothing,
    Partial,
    Final(Vec<UploadId>),
}

fn concat(headers: &HeaderMap) -> Result<Concat, Problem> {
    let wrong = |why| Err(fields::wrong(&field::CONCAT, why));
    let Some(text) = fields::text(headers, &field::CONCAT)? else { return Ok(Concat::Nothing) };
    if text == "partial" {
        return Ok(Concat::Partial);
    }
    let Some(addresses) = text.strip_prefix("final;") else {
        return wrong("it is neither partial nor final;ADDRESS…");
    };
    let pieces: Option<Vec<UploadId>> = addresses.split_whitespace().map(id_of).collect();
    match pieces {
        Some(pieces) if (1..=limits::PIECES).contains(&pieces.len()) => Ok(Concat::Final(pieces)),
        Some(_) => wrong("it names no upload, or too many"),
        None => wrong("it names something that is no upload here"),
    }
}

/// The length that a creation says; None if it is told later.
fn length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let length = fields::bytes(headers, &LENGTH)?;
    match (length, fields::text(headers, &field::DEFER)?) {
        (Some(length), None) => Ok(Some(length)),
        (None, Some("1")) => Ok(None),
        (None, Some(_)) => Err(fields::wrong(&field::DEFER, "its only value is 1")),
        (Some(_), Some(_)) => Err(fields::wrong(&field::DEFER, "Upload-Length is there, too")),
        (None, None) => {
            Err(fields::wrong(&LENGTH, "it is missing, and Upload-Defer-Length is too"))
        }
    }
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(text) = fields::text(headers, &field::CHECKSUM)? else { return Ok(None) };
    let why = "its algorithm is not among Tus-Checksum-Algorithm, or its value is not of it";
    Checksum::of_tus(text).map(Some).ok_or_else(|| fields::wrong(&field::CHECKSUM, why))
}

/// Whether the body is bytes to add.
pub(super) fn has_type(headers: &HeaderMap, expected: &str) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(expected)
}

/// POST: a new upload, perhaps with its first bytes, or one that is joined of others.
pub(super) async fn create(asker: &Asker, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    check_version(headers)?;
    let concat = concat(headers)?;
    let metadata = fields::text(headers, &field::METADATA)?.map(str::to_owned);
    let said = match metadata.as_deref().map(read_metadata) {
        None => Metadata::default(),
        Some(Ok(said)) => said,
        Some(Err(error)) => return Err(fields::wrong(&field::METADATA, &error.to_string())),
    };
    let (kind, pieces) = match concat {
        Concat::Nothing => (Kind::Whole, Vec::new()),
        Concat::Partial => (Kind::Piece, Vec::new()),
        Concat::Final(pieces) => (Kind::Joined, pieces),
    };
    let has_body = has_type(headers, MEDIA_TYPE);
    let checksum = checksum(headers)?;
    let length = match kind {
        Kind::Joined if headers.contains_key(LENGTH) => {
            return Err(fields::wrong(&LENGTH, "a final upload has the length of its parts"));
        }
        Kind::Joined => None,
        Kind::Whole | Kind::Piece => length(headers)?,
    };
    let new = New {
        owner: asker.user,
        kind,
        length,
        repeat: repeat(headers, metadata.as_deref(), length)?,
        metadata,
        name: said.name.unwrap_or_default(),
        media_type: said.media_type,
        expected: expected(headers)?,
        pieces,
        holds: has_body || length == Some(0) || kind == Kind::Joined,
    };
    if kind == Kind::Joined {
        let upload = join(&asker.library, new).await?;
        return Ok(created(asker, &upload, None));
    }
    let holds = new.holds;
    let (upload, is_again) = create_upload(&asker.library.uploads, new).await?;
    if is_again {
        let upload = look(&asker.library, asker.user, upload.id).await?;
        let offset = upload.offset;
        return Ok(created(asker, &upload, Some(offset)));
    }
    if !holds {
        return Ok(created(asker, &upload, None));
    }
    let body = if has_body { body } else { Body::empty() };
    let adding =
        Append { offset: 0, length: None, checksum, ends: false, body, client: asker.client };
    match append_to_new(&asker.library, upload.clone(), adding).await {
        Ok(Appended { offset, complete }) => {
            Ok(created(asker, complete.as_ref().unwrap_or(&upload), Some(offset)))
        }
        // It is there all the same, and can be gone on with.
        Err(problem) => Err(asker.with_location(problem, upload.id)),
    }
}

fn created(asker: &Asker, upload: &Upload, offset: Option<u64>) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    put(headers, LOCATION, &asker.address(upload.id));
    if let Some(offset) = offset {
        headers.insert(OFFSET, HeaderValue::from(offset));
    }
    describe_end(upload, headers);
    response
}

/// HEAD: where an upload is.
pub(super) async fn head(
    asker: &Asker,
    id: UploadId,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    check_version(headers)?;
    let upload = look(&asker.library, asker.user, id).await?;
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    if upload.state != State::Joining {
        headers.insert(OFFSET, HeaderValue::from(upload.offset));
    }
    match upload.length {
        Some(length) => headers.insert(LENGTH, HeaderValue::from(length)),
        None => headers.insert(field::DEFER, HeaderValue::from_static("1")),
    };
    if let Some(metadata) = &upload.metadata {
        put(headers, field::METADATA, metadata);
    }
    match upload.kind {
        Kind::Whole => {}
        Kind::Piece => put(headers, field::CONCAT, "partial"),
        Kind::Joined => {
            let pieces: Vec<String> = upload.pieces.iter().map(|id| asker.address(*id)).collect();
            put(headers, field::CONCAT, &format!("final;{}", pieces.join(" ")));
        }
    }
    describe_end(&upload, headers);
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
    check_version(headers)?;
    if !has_type(headers, MEDIA_TYPE) {
        let detail = "Bytes are added with Content-Type: application/offset+octet-stream.";
        return Err(Problem::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let missing = || fields::wrong(&OFFSET, "it is missing");
    let offset = fields::bytes(headers, &OFFSET)?.ok_or_else(missing)?;
    let length = fields::bytes(headers, &LENGTH)?;
    let checksum = checksum(headers)?;
    let adding = Append { offset, length, checksum, ends: false, body, client: asker.client };
    let Appended { offset, complete } = append(&asker.library, asker.user, id, adding).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(OFFSET, HeaderValue::from(offset));
    match complete {
        Some(upload) => describe_end(&upload, headers),
        None => put_expiry(headers, Time::now().plus(limits::EXPIRY_TIME)),
    }
    Ok(response)
}

/// When it expires, or what it has become.
fn describe_end(upload: &Upload, headers: &mut HeaderMap) {
    if upload.state != State::Complete || upload.kind == Kind::Piece {
        put_expiry(headers, upload.expires);
    }
    if let Some(item) = upload.item {
        put(headers, ITEM, &item.to_string());
    }
}

fn put_expiry(headers: &mut HeaderMap, expires: Time) {
    let millis = u64::try_from(expires.millis()).unwrap_or_default();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis);
    put(headers, field::EXPIRES, &httpdate::fmt_http_date(time));
}

pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The digest of the whole that a client announces.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<[u8; 32]>, Problem> {
    let Some(text) = fields::text(headers, &fields::REPR_DIGEST)? else { return Ok(None) };
    let wrong = |_| fields::wrong(&fields::REPR_DIGEST, "its sha-256 is none");
    digest::sha256_of_field(text).map_err(wrong)
}

/// By what a repetition of a creation is known.
pub(super) fn repeat(
    headers: &HeaderMap,
    about: Option<&str>,
    length: Option<u64>,
) -> Result<Option<(String, [u8; 32])>, Problem> {
    let Some(key) = fields::text(headers, &fields::IDEMPOTENCY_KEY)? else { return Ok(None) };
    if key.is_empty() || key.len() > limits::KEY_BYTES {
        return Err(fields::wrong(&fields::IDEMPOTENCY_KEY, "it is empty or too long"));
    }
    let mut print = Sha256::new();
    print.update(about.unwrap_or_default());
    print.update([0]);
    print.update(length.map(u64::to_be_bytes).unwrap_or_default());
    print.update(fields::text(headers, &field::CONCAT)?.unwrap_or_default());
    Ok(Some((format!("key {key}"), print.finalize().into())))
}
