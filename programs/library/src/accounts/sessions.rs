//! Log in and log out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, SET_COOKIE};
use serde::{Deserialize, Serialize};
use tombolo_storage::{Error, Query};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::rules::{Email, Password};
use super::session;
use super::throttle::{Throttle, known_network};
use super::token::Token;
use super::{Caller, User};
use crate::http::{ClientAddress, Json, Origin, Query as Asked, Routes};
use crate::ids::UserId;
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, writing};
use crate::time::Time;

/// What a user logs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogIn {
    #[schema(example = "ana@example.org", max_length = 254)]
    email: String,
    #[schema(format = Password)]
    password: String,
    /// Keep the token in a cookie that scripts cannot read, and do not tell it: for the page.
    #[serde(default)]
    cookie: bool,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct Opened {
    /// What to send as `Authorization: Bearer TOKEN`; left out when a cookie holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    expires: Time,
}

/// Which sessions end.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// All sessions of the user, on every device.
    #[serde(default)]
    all: bool,
}

const FIND: &str = "SELECT u.id, u.password, CAST(CASE WHEN EXISTS (SELECT 1
        FROM library_known_network AS k WHERE k.user_id = u.id AND k.network = $2)
        THEN 1 ELSE 0 END AS BIGINT)
    FROM library_user AS u WHERE u.email_key = $1";
/// Only while the user is there: a log-in may meet a deletion.
const OPEN: &str = "INSERT INTO library_session (token, user_id, created, expires)
    SELECT $1, id, $3, $4 FROM library_user WHERE id = $2 AND deleted IS NULL";
const OLDEST: &str = "DELETE FROM library_session WHERE token IN
    (SELECT token FROM library_session WHERE user_id = $1
        ORDER BY created DESC, token LIMIT 1000 OFFSET $2)";
const KNOW: &str = "INSERT INTO library_known_network (user_id, network, seen) VALUES ($1, $2, $3)
    ON CONFLICT (user_id, network) DO UPDATE SET seen = excluded.seen";
const KNOWN_LEAST: &str = "DELETE FROM library_known_network WHERE user_id = $1 AND network IN
    (SELECT network FROM library_known_network WHERE user_id = $1
        ORDER BY seen DESC, network LIMIT 1000 OFFSET $2)";
const END: &str = "DELETE FROM library_session WHERE token = $1";
const END_ALL: &str = "DELETE FROM library_session WHERE user_id = $1";

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(log_in, log_out))
}

/// Log in
///
/// The session holds at every replica at once, for 30 days or until it is ended.
#[utoipa::path(post, path = "/sessions", tag = "sessions", request_body = LogIn,
    responses(
        (status = 201, body = Opened),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No such address, or another password",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries that failed",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn log_in(
    State(library): State<Arc<Library>>,
    ClientAddress(client): ClientAddress,
    origin: Origin,
    Json(asked): Json<LogIn>,
) -> Result<Response, Problem> {
    // Whoever cannot have an account pays for a hash all the same.
    let key = Email::new(&asked.email).map_or_else(|_| String::new(), |email| email.key());
    let network = known_network(&key, client);
    let find = Query::new(FIND).bind(key.as_str()).bind(network.as_str());
    let rows = library.query(find).await?;
    let user = rows
        .first()
        .map(|row| Ok::<_, Error>((UserId::of_row(row, 0)?, row.get(1)?, row.get::<i64>(2)? == 1)));
    let (id, hash, is_known) = match user.transpose()? {
        Some((id, hash, is_known)) => (Some(id), hash, is_known),
        None => (None, None, false),
    };
    let throttle = Throttle::of_log_in(&key, client, is_known);
    let has_failed = throttle.check(&library).await?;
    // Longer ones than anybody has are not worth hashing.
    let length = asked.password.len().min(limits::PASSWORD_BYTES + 1);
    let tried = asked.password.get(..length).unwrap_or_default();
    let is_right = library.passwords.is(Password::tried(tried), hash, client).await?;
    let Some(id) = id.filter(|_| is_right) else {
        throttle.count(&library).await?;
        throttle.check(&library).await?;
        return Err(wrong());
    };
    if has_failed {
        throttle.forget(&library).await?;
    }
    let token = Token::new().map_err(|error| {
        tracing::error!(%error, "no random numbers for a token");
        Problem::internal()
    })?;
    let expires = insert(&library, id, &token, network).await?.ok_or_else(wrong)?;
    Ok(answer(token, expires, asked.cookie, &origin))
}

fn wrong() -> Problem {
    Problem::unauthenticated_because("There is no such address, or its password is another one.")
}

/// Opens a session, notes that the user's network is known, and ends the oldest ones beyond [`limits::SESSIONS`]; None if the user is gone.
async fn insert(
    library: &Library,
    id: UserId,
    token: &Token,
    network: String,
) -> Result<Option<Time>, Problem> {
    let now = Time::now();
    let expires = now.plus(limits::SESSION_TIME);
    let open = Query::new(OPEN).bind(token.hash()).bind(id).bind(now).bind(expires);
    let oldest = Query::new(OLDEST).bind(id).bind(limits::SESSIONS);
    let know = Query::new(KNOW).bind(id).bind(network).bind(now);
    let known_least = Query::new(KNOWN_LEAST).bind(id).bind(limits::KNOWN_NETWORKS);
    let opened = library.database.write(writing(), |work| {
        Box::pin(async move {
            let opened = work.run(open).await?;
            work.run(oldest).await?;
            if opened > 0 {
                work.run(know).await?;
                work.run(known_least).await?;
            }
            Ok(opened)
        })
    });
    Ok((opened.await? > 0).then_some(expires))
}

fn answer(token: Token, expires: Time, is_cookie: bool, origin: &Origin) -> Response {
    let cookie = session::cookie(token.expose(), limits::SESSION_TIME.as_secs(), origin);
    let token = (!is_cookie).then(|| token.expose().to_owned());
    let mut response = (StatusCode::CREATED, Json(Opened { token, expires })).into_response();
    if let Some(cookie) = is_cookie.then(|| HeaderValue::from_str(&cookie).ok()).flatten() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Log out
#[utoipa::path(delete, path = "/sessions", tag = "sessions", params(Which),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "The session is over, at every replica"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn log_out(
    State(library): State<Arc<Library>>,
    caller: Caller,
    origin: Origin,
    Asked(which): Asked<Which>,
) -> Result<Response, Problem> {
    let User { id, token, .. } = caller.user()?;
    let query = match which.all {
        true => Query::new(END_ALL).bind(*id),
        false => Query::new(END).bind(*token),
    };
    library.call(query).await?;
    Ok(ended(&origin))
}

/// The answer to a caller whose session is over.
pub(super) fn ended(origin: &Origin) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(cookie) = HeaderValue::from_str(&session::cookie("", 0, origin)) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}
