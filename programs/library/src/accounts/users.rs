//! Users as the API shows them: oneself, and for admins everybody.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tombolo_storage::{Error, Row};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::{Caller, Role};
use crate::http::{Id, Json, List, Query, Routes, limit};
use crate::ids::UserId;
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;
use crate::time::Time;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct Shown {
    pub(super) id: UserId,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) created: Time,
}

/// Which part of the list of users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Page {
    /// How many, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<UserId>,
}

const ONE: &str = "SELECT id, email, name, role, created FROM library_user
    WHERE id = $1 AND deleted IS NULL";
/// Ids grow with time.
const LIST: &str = "SELECT id, email, name, role, created FROM library_user
    WHERE id > $1 AND deleted IS NULL ORDER BY id LIMIT $2";

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(read_me)).routes(routes!(list_users)).routes(routes!(read_user))
}

impl Shown {
    fn of_row(row: &Row) -> Result<Self, Error> {
        let (id, role) = (UserId::of_row(row, 0)?, Role::of_row(row, 3)?);
        let created = Time::of_row(row, 4)?;
        Ok(Self { id, email: row.get(1)?, name: row.get(2)?, role, created })
    }
}

async fn find(library: &Library, id: UserId) -> Result<Shown, Problem> {
    let rows = library.query(tombolo_storage::Query::new(ONE).bind(id)).await?;
    let row = rows.first().ok_or_else(Problem::not_found)?;
    Ok(Shown::of_row(row)?)
}

/// Who you are
#[utoipa::path(get, path = "/users/me", tag = "users", security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = Shown),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn read_me(
    State(library): State<Arc<Library>>,
    caller: Caller,
) -> Result<Json<Shown>, Problem> {
    let user = caller.user()?;
    find(&library, user.id).await.map(Json)
}

/// Every user, for admins
#[utoipa::path(get, path = "/users", tag = "users", params(Page),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = List<Shown>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn list_users(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<List<Shown>>, Problem> {
    caller.admin()?;
    let limit = limit(page.limit)?;
    let after = page.cursor.map(String::from).unwrap_or_default();
    // One more than asked for: then there is a next page.
    let query = tombolo_storage::Query::new(LIST).bind(after).bind(i64::from(limit) + 1);
    let rows = library.query(query).await?;
    let items: Result<Vec<_>, Error> = rows.iter().map(Shown::of_row).collect();
    let cursor = |last: &Shown| last.id.to_string();
    Ok(Json(List::of(items?, limit, cursor)))
}

/// A user, for admins
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = UserId, Path)),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = Shown),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn read_user(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<Json<Shown>, Problem> {
    caller.admin()?;
    find(&library, id).await.map(Json)
}
