//! Requests with an `Idempotency-Key`: the same key again gets the same answer, and does nothing.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tombolo_storage::Query;

use crate::ids::UserId;
use crate::limits;
use crate::problem::Problem;
use crate::state::Library;
use crate::time::Time;

const FIELD: HeaderName = HeaderName::from_static("idempotency-key");

/// A request that is being answered.
pub(crate) struct Request {
    user: UserId,
    key: String,
    until: Time,
}

/// What to do with a request.
pub(crate) enum Begun {
    /// It is new: do it, then [`Request::end`].
    New(Request),
    /// It was answered before.
    Answered(Response),
}

/// Begins a request of a user. `body` is what was asked for, in one form.
pub(crate) async fn begin(
    library: &Library,
    headers: &HeaderMap,
    user: UserId,
    body: &str,
) -> Result<Begun, Problem> {
    let key = key(headers)?;
    let fingerprint: String =
        Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let now = Time::now();
    let until = now.plus(limits::IDEMPOTENCY_LEASE);
    // One whose replica died is begun again once its time is over.
    let begin = "INSERT INTO library_request (user_id, key, fingerprint, until, created)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (user_id, key) DO UPDATE SET until = excluded.until
        WHERE library_request.status IS NULL AND library_request.until <= excluded.created
            AND library_request.fingerprint = excluded.fingerprint
        RETURNING 1";
    let begin = Query::new(begin).bind(user).bind(key.as_str()).bind(fingerprint.as_str());
    if !library.call(begin.bind(until).bind(now)).await?.is_empty() {
        return Ok(Begun::New(Request { user, key, until }));
    }
    let find = "SELECT fingerprint, status, body FROM library_request
        WHERE user_id = $1 AND key = $2";
    let rows = library.query(Query::new(find).bind(user).bind(key)).await?;
    let Some(row) = rows.first() else {
        return Err(Problem::unavailable(
            1,
            "The request with this key was just given up; try again.",
        ));
    };
    if row.get::<String>(0)? != fingerprint {
        let detail = "This Idempotency-Key was used for another request; take a new key.";
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The key belongs to another request",
            detail,
        ));
    }
    let status: Option<i64> = row.get(1)?;
    let status = status.and_then(|status| u16::try_from(status).ok());
    match status.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => {
            let body: Option<String> = row.get(2)?;
            Ok(Begun::Answered(answer(status, body.unwrap_or_default())))
        }
        None => Err(Problem::conflict(
            "request-in-progress",
            "The same request is being answered",
            "A request with this Idempotency-Key is being answered; ask again in a second.",
        )
        .retry_after(1)),
    }
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let most = limits::IDEMPOTENCY_KEY;
    let key = headers.get(FIELD).and_then(|key| key.to_str().ok()).unwrap_or_default();
    if (1..=most).contains(&key.len()) {
        return Ok(key.to_owned());
    }
    let detail = format!(
        "Send an Idempotency-Key of 1 to {most} characters, a new one for each thing that you want, \
         and the same again when you repeat a request."
    );
    Err(Problem::field("Idempotency-Key", detail))
}

impl Request {
    /// Keeps the answer for the next time, and gives it.
    pub(crate) async fn end(
        self,
        library: &Library,
        status: StatusCode,
        body: &impl Serialize,
    ) -> Result<Response, Problem> {
        let body = serde_json::to_string(body).map_err(|_| Problem::internal())?;
        let end = "UPDATE library_request SET status = $3, body = $4
            WHERE user_id = $1 AND key = $2 AND until = $5";
        let end = Query::new(end).bind(self.user).bind(self.key).bind(i64::from(status.as_u16()));
        library.call(end.bind(body.as_str()).bind(self.until)).await?;
        Ok(answer(status, body))
    }

    /// Nothing was done: the same key may be used again.
    pub(crate) async fn give_up(self, library: &Library) {
        let remove = "DELETE FROM library_request
            WHERE user_id = $1 AND key = $2 AND until = $3 AND status IS NULL";
        let remove = Query::new(remove).bind(self.user).bind(self.key).bind(self.until);
        if let Err(error) = library.call(remove).await {
            tracing::debug!(%error, "a request's key stays until its time is over");
        }
    }
}

fn answer(status: StatusCode, body: String) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
