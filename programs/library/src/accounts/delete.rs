//! Deleting a user: the person is forgotten, what the books need stays.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tombolo_storage::{Query, Work};
use utoipa_axum::routes;

use super::{Caller, Role, sessions};
use crate::http::{Id, Origin, Routes};
use crate::ids::UserId;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, writing};
use crate::time::Time;
use crate::{catalogue, plans, transfers, uploads};

const ROLE: &str = "SELECT role FROM library_user WHERE id = $1 AND deleted IS NULL";
/// Every admin's row, in one order everywhere.
const ADMINS: &str =
    "SELECT id FROM library_user WHERE role = 'admin' AND deleted IS NULL ORDER BY id";
/// The row stays for what refers to it.
const FORGET: &str = "UPDATE library_user
    SET email = NULL, email_key = NULL, password = NULL, name = '', deleted = $2 WHERE id = $1";
const NETWORKS: &str = "DELETE FROM library_known_network WHERE user_id = $1";
const SESSIONS: &str = "DELETE FROM library_session WHERE user_id = $1";

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(delete_me)).routes(routes!(delete_user))
}

/// Delete your account
///
/// Ends all sessions, links and uploads. Invoices stay, without your address and name.
#[utoipa::path(delete, path = "/users/me", tag = "users",
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "The account is gone"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The last admin stays",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn delete_me(
    State(library): State<Arc<Library>>,
    caller: Caller,
    origin: Origin,
) -> Result<Response, Problem> {
    delete(&library, caller.user()?.id).await?;
    Ok(sessions::ended(&origin))
}

/// Delete a user, for admins
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = UserId, Path)),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "The account is gone"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The last admin stays",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn delete_user(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<Response, Problem> {
    caller.admin()?;
    delete(&library, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Deletes a user, in one transaction.
async fn delete(library: &Library, id: UserId) -> Result<(), Problem> {
    let deletion = library.database.write_or_refuse(writing(), move |work| {
        Box::pin(async move {
            // The admins first, so that two of them cannot be the last but one at once.
            let admins = work.rows(Query::new(ADMINS).for_update()).await?.len();
            let role = work.row(Query::new(ROLE).bind(id).for_update()).await?;
            let role = role.ok_or_else(Problem::not_found)?;
            if Role::of_row(&role, 0)? == Role::Admin && admins == 1 {
                return Err(last_admin());
            }
            forget(work, id).await
        })
    });
    deletion.await
}

/// What ends with a user. Each part that keeps something of users has its line here.
async fn forget(work: &mut Work<'_>, id: UserId) -> Result<(), Problem> {
    work.run(Query::new(SESSIONS).bind(id)).await?;
    work.run(Query::new(NETWORKS).bind(id)).await?;
    uploads::end_all_of(work, id).await?;
    work.run(Query::new(FORGET).bind(id).bind(Time::now())).await?;
    transfers::forget(work, id).await?;
    // The first of them; the catalogue's sweep takes the rest.
    catalogue::remove_all_of(work, id).await?;
    plans::change::forget(work, id, Time::now()).await?;
    Ok(())
}

fn last_admin() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "last-admin",
        "The last admin stays",
        "Make another admin first (tombolo library admin create), then delete this one.",
    )
}
