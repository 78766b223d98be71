//! `GET /library/api/transfers/users`: who is there, for admins.

use std::sync::Arc;

use axum::extract::State as Shared;
use serde::Deserialize;
use tombolo_storage::Query as Statement;
use utoipa::IntoParams;

use super::row::{Presence, UserBody, freshness};
use crate::accounts::Caller;
use crate::http::{Json, List, Query, limit};
use crate::ids::UserId;
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;

/// Which users.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<UserId>,
}

/// Lists users and whether each is online, the newest account first.
#[utoipa::path(
    get, path = "/transfers/users", tag = "transfers", params(Asked),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A page of users.", body = List<UserBody>),
        (status = 400, description = "Something in the query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no admin.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    Shared(library): Shared<Arc<Library>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<List<UserBody>>, Problem> {
    let admin = caller.admin()?;
    library.book.saw(admin.id);
    let limit = limit(asked.limit)?;
    let query = "SELECT u.id, u.name, EXISTS (SELECT 1 FROM library_presence AS o
            WHERE o.user_id = u.id AND o.seen > $1)
        FROM library_user AS u WHERE u.deleted IS NULL AND u.id < $2 ORDER BY u.id DESC LIMIT $3";
    let before = asked.cursor.map_or_else(|| "g".to_owned(), |cursor| cursor.to_string());
    let query = Statement::new(query).bind(freshness().1).bind(before);
    let rows = library.query(query.bind(i64::from(limit).saturating_add(1))).await?;
    let user = |row: &tombolo_storage::Row| {
        let state = Presence::of(row.get(2)?);
        Ok::<_, tombolo_storage::Error>(UserBody {
            id: UserId::of_row(row, 0)?,
            name: row.get(1)?,
            state,
        })
    };
    let mut items = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| has_more).map(|user| user.id.to_string());
    Ok(Json(List { items, next }))
}
