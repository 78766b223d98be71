//! `GET /library/api/transfers`: the transfers of the caller, or of everybody for an admin, the
//! latest first.

use std::sync::Arc;

use axum::extract::State as Shared;
use serde::Deserialize;
use tombolo_storage::Query as Statement;
use utoipa::IntoParams;

use super::row::{State, TransferBody, freshness, select_transfers};
use crate::accounts::Caller;
use crate::http::{Json, List, Query, limit};
use crate::ids::{TransferId, UserId};
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;

/// Which transfers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only those in this state.
    state: Option<State>,
    /// For admins: only those of this user.
    user: Option<UserId>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<TransferId>,
}

/// Lists transfers with their states, the latest first.
#[utoipa::path(
    get, path = "/transfers", tag = "transfers", params(Asked),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A page of transfers.", body = List<TransferBody>),
        (status = 400, description = "Something in the query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    Shared(library): Shared<Arc<Library>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<List<TransferBody>>, Problem> {
    let user = caller.user()?;
    library.book.saw(user.id);
    let limit = limit(asked.limit)?;
    // Somebody else's transfers are not there for a user.
    let whose = if caller.is_admin() { asked.user } else { Some(user.id) };
    if let (Some(named), Some(whose)) = (asked.user, whose)
        && named != whose
    {
        return Ok(Json(List { items: Vec::new(), next: None }));
    }
    let (fresh, online) = freshness();
    let one_more = i64::from(limit).saturating_add(1);
    // Ids grow with time. One that is no id is above all of them.
    let before = asked.cursor.map_or_else(|| "g".to_owned(), |cursor| cursor.to_string());
    let (states, live) = match asked.state {
        None => ("open complete failed", 2),
        Some(State::Complete) => ("complete", 2),
        Some(State::Failed) => ("failed", 2),
        Some(State::Transferring) => ("open", 1),
        Some(State::Disconnected) => ("open", 0),
    };
    let query = match whose {
        Some(whose) => Statement::new(OF_USER)
            .bind(fresh)
            .bind(online)
            .bind(before)
            .bind(states)
            .bind(live)
            .bind(one_more)
            .bind(whose),
        None => Statement::new(OF_ALL)
            .bind(fresh)
            .bind(online)
            .bind(before)
            .bind(states)
            .bind(live)
            .bind(one_more),
    };
    let rows = library.query(query).await?;
    let mut items = rows.iter().map(TransferBody::of_row).collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| has_more).map(|item| item.id.to_string());
    Ok(Json(List { items, next }))
}

const OF_ALL: &str = select_transfers!(
    "WHERE t.id < $3 AND $4 LIKE '%' || t.state || '%' AND ($5 = 2 OR $5 = (
        CASE WHEN EXISTS (SELECT 1 FROM library_transfer_part AS p
            WHERE p.transfer = t.id AND p.seen > $1 AND p.requests > 0) THEN 1 ELSE 0 END))
    ORDER BY t.id DESC LIMIT $6"
);

const OF_USER: &str = select_transfers!(
    "WHERE t.id < $3 AND $4 LIKE '%' || t.state || '%' AND ($5 = 2 OR $5 = (
        CASE WHEN EXISTS (SELECT 1 FROM library_transfer_part AS p
            WHERE p.transfer = t.id AND p.seen > $1 AND p.requests > 0) THEN 1 ELSE 0 END))
        AND t.user_id = $7
    ORDER BY t.id DESC LIMIT $6"
);
