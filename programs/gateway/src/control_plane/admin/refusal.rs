//! What went wrong with a request to the admin API, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use tombolo_daemon::config::Mistakes;
use tombolo_daemon::orchestration;

/// A mistake in one member of a request's body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mistake {
    /// The member.
    pub(super) field: String,
    /// What is wrong with it, and what is expected.
    pub(super) message: String,
}

/// A request that is not served.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    detail: String,
    /// Members of the answer beside the usual ones.
    members: Vec<(&'static str, Value)>,
    next: Option<Next>,
}

/// What a field of the answer says of the next try.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// `WWW-Authenticate`.
    Authenticated(&'static str),
    /// `Retry-After`.
    After(Duration),
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), members: Vec::new(), next: None }
    }

    /// The body says something that cannot be meant.
    pub(super) fn of_mistakes(mistakes: Vec<Mistake>) -> Self {
        let of_one = |mistake: &Mistake| format!("{}: {}", mistake.field, mistake.message);
        let detail = mistakes.iter().map(of_one).collect::<Vec<_>>().join("; ");
        let of_one = |one: &Mistake| json!({ "field": one.field, "message": one.message });
        let errors = mistakes.iter().map(of_one).collect();
        let members = vec![("errors", errors)];
        Self { members, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// A configuration file says what cannot be meant.
    pub(super) fn of_configuration(mistakes: &Mistakes) -> Self {
        Self::of_orchestration(orchestration::Refusal::of_configuration(mistakes))
    }

    /// What the `tombolo up` that runs this gateway refused.
    pub(super) fn of_orchestration(refusal: orchestration::Refusal) -> Self {
        let orchestration::Refusal { status, detail, mistakes } = refusal;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut members = Vec::new();
        if let Some(mut told) = mistakes {
            for (name, of) in [("errors", "mistakes"), ("report", "report")] {
                members.push((name, told.get_mut(of).map(Value::take).unwrap_or_default()));
            }
        }
        Self { members, ..Self::new(status, detail) }
    }

    /// The token is missing, or is another.
    pub(super) fn no_token(given: bool) -> Self {
        let (detail, challenge) = if given {
            (
                "This is not the token of this gateway's admin_token_file.",
                "Bearer realm=\"tombolo\", error=\"invalid_token\"",
            )
        } else {
            (
                "A token is needed: send `Authorization: Bearer TOKEN`, with what is in the gateway's admin_token_file.",
                "Bearer realm=\"tombolo\"",
            )
        };
        let next = Some(Next::Authenticated(challenge));
        Self { next, ..Self::new(StatusCode::UNAUTHORIZED, detail) }
    }

    /// Says when to try again.
    pub(super) fn again_in(self, time: Duration) -> Self {
        Self { next: Some(Next::After(time)), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(members) = body.as_object_mut() {
            members.extend(self.members.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        let mut response = (self.status, format!("{body}\n")).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.next {
            Some(Next::Authenticated(how)) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(how));
            }
            Some(Next::After(time)) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(time.as_secs()));
            }
            None => {}
        }
        response
    }
}
