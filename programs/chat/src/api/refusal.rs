//! Requests that are not done, and what they are answered with (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde_json::json;
use tombolo_daemon::problem;
use tombolo_storage::{Error, Fault};

use crate::hub::Refused;
use crate::limits;
use crate::quota::TooManyStreams;
use crate::said::Mistake;
use crate::writer::NotTaken;

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    Mistake(Mistake),
    NotFound,
    Method,
    MediaType,
    TooLarge,
    /// The body does not come.
    Slow,
    KeyTaken,
    TooManyRooms,
    /// This client may begin another room after so many seconds.
    TooManyNewRooms(u64),
    /// This client has as many streams as it may have.
    TooManyStreams,
    Origin,
    /// It may be tried again after so many seconds.
    TooFast(u64),
    Busy,
    Starting,
    Log,
}

impl Refusal {
    /// Something is wrong with a field.
    pub(super) fn field(field: &'static str, words: impl Into<String>) -> Self {
        Self::Mistake(Mistake::new(field, words))
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Mistake(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::KeyTaken => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRooms => StatusCode::INSUFFICIENT_STORAGE,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::TooFast(_) | Self::TooManyNewRooms(_) | Self::TooManyStreams => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Busy | Self::Starting | Self::Log => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(super) fn detail(&self) -> String {
        match self {
            Self::Mistake(mistake) => mistake.words.clone(),
            Self::NotFound => {
                "There is nothing at this address; the API is below /chat/rooms, the \
                 page is /chat/."
                    .to_owned()
            }
            Self::Method => "This method is not possible here; Allow lists those that are.".into(),
            Self::MediaType => "Send JSON, with Content-Type: application/json.".to_owned(),
            Self::TooLarge => {
                format!("The body has more than {} bytes; send less.", limits::BODY_BYTES)
            }
            Self::Slow => {
                let seconds = limits::BODY_TIME.as_secs();
                format!("The body did not arrive within {seconds} s; send it again.")
            }
            Self::KeyTaken => "This Idempotency-Key was used in this room for another message; \
                 take a new key for each new message."
                .to_owned(),
            Self::TooManyRooms => {
                format!("There are {} rooms already; use one of them.", limits::ROOMS)
            }
            Self::TooManyNewRooms(seconds) => format!(
                "Too many new rooms from one address; use one that is there, or go on in {seconds} s."
            ),
            Self::TooManyStreams => "Too many streams are open from your address at this \
                 replica; close one, or raise --streams."
                .to_owned(),
            Self::Origin => "A page of another site may not connect here.".to_owned(),
            Self::TooFast(seconds) => {
                format!("Too many messages at once; go on in {seconds} s.")
            }
            Self::Busy => "Too much is going on here; send it again in a moment, with the same \
                 Idempotency-Key."
                .to_owned(),
            Self::Starting => "This replica is starting and waits for its database; send it again \
                 in a moment, with the same Idempotency-Key."
                .to_owned(),
            Self::Log => "The messages cannot be reached now; send it again in a moment, with the \
                 same Idempotency-Key."
                .to_owned(),
        }
    }

    /// Which field it is about.
    pub(super) fn about(&self) -> Option<&'static str> {
        match self {
            Self::Mistake(mistake) => Some(mistake.field),
            Self::KeyTaken => Some("Idempotency-Key"),
            _ => None,
        }
    }

    /// Seconds after which to come back.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooFast(seconds) | Self::TooManyNewRooms(seconds) => Some(*seconds),
            Self::TooManyStreams => Some(limits::STREAMS_RETRY_SECONDS),
            Self::Busy | Self::Starting | Self::Log => Some(1),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut body = json!({
            "type": "about:blank",
            "title": match problem::reason(status.as_u16()) {
                "" => status.canonical_reason().unwrap_or_default(),
                reason => reason,
            },
            "status": status.as_u16(),
            "detail": self.detail(),
        });
        if let (Some(fields), Some(about)) = (body.as_object_mut(), self.about()) {
            fields.insert("field".to_owned(), about.into());
        }
        let mut response = (status, format!("{body}\n")).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Mistake> for Refusal {
    fn from(mistake: Mistake) -> Self {
        Self::Mistake(mistake)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error.fault() {
            Fault::Database => tracing::warn!(%error, "a request failed"),
            Fault::Operator | Fault::Program => tracing::error!(%error, "a request failed"),
        }
        Self::Log
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooManyRooms => Self::Busy,
            Refused::Blind => Self::Log,
            Refused::Log(error) => error.into(),
        }
    }
}

impl From<TooManyStreams> for Refusal {
    fn from(TooManyStreams: TooManyStreams) -> Self {
        Self::TooManyStreams
    }
}

impl From<NotTaken> for Refusal {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Full | NotTaken::Ending => Self::Busy,
            // The writer told the log.
            NotTaken::Log(_) => Self::Log,
        }
    }
}
