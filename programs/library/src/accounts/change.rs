//! Changing one's password.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use tombolo_storage::{Error, Query};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::rules::{Email, Password};
use super::throttle::Throttle;
use super::{Caller, User};
use crate::http::{ClientAddress, Json, Routes};
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, writing};

/// A new password, and the one before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schema(format = Password)]
    old_password: String,
    #[schema(format = Password, min_length = 8)]
    password: String,
}

const FIND: &str = "SELECT email, password FROM library_user WHERE id = $1 AND deleted IS NULL";
/// Only in place of the password that was compared.
const CHANGE: &str = "UPDATE library_user SET password = $3
    WHERE id = $1 AND password = $2 AND deleted IS NULL";
const OTHERS: &str = "DELETE FROM library_session WHERE user_id = $1 AND token <> $2";

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(change_me))
}

/// Change your password
///
/// Ends every other session of yours. Whoever has taken a session over cannot do it: the old
/// password is asked for, and tries that are wrong are counted like log-ins.
#[utoipa::path(patch, path = "/users/me", tag = "users", request_body = NewPassword,
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "It is changed, and your other sessions are over"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The old password is another one",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries that failed",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn change_me(
    State(library): State<Arc<Library>>,
    caller: Caller,
    ClientAddress(client): ClientAddress,
    Json(asked): Json<NewPassword>,
) -> Result<StatusCode, Problem> {
    let User { id, token, .. } = *caller.user()?;
    let rows = library.query(Query::new(FIND).bind(id)).await?;
    let found = rows.first().map(|row| Ok::<_, Error>((row.get(0)?, row.get(1)?)));
    let (email, hash): (String, String) =
        found.transpose()?.ok_or_else(Problem::unauthenticated)?;
    let email = Email::new(&email)?;
    let password = Password::new(&asked.password, &email)?;
    // Strangers who try this account elsewhere do not keep its owner from it.
    let throttle = Throttle::of_log_in(&email.key(), client, true);
    throttle.check(&library).await?;
    let old = Password::tried(&asked.old_password);
    if !library.passwords.is(old, Some(hash.clone()), client).await? {
        throttle.count(&library).await?;
        return Err(wrong());
    }
    let new = library.passwords.hash(password, client).await?;
    let change = Query::new(CHANGE).bind(id).bind(hash).bind(new);
    let others = Query::new(OTHERS).bind(id).bind(token);
    let changed = library.database.write(writing(), |work| {
        Box::pin(async move {
            let changed = work.run(change).await?;
            if changed > 0 {
                work.run(others).await?;
            }
            Ok(changed)
        })
    });
    match changed.await? {
        // Another request has changed it meanwhile.
        0 => Err(wrong()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

fn wrong() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "wrong-password",
        "The old password is another one",
        "The old password is another one; nothing was changed.",
    )
    .with("field", "old_password")
}
