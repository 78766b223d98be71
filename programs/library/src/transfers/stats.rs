//! `GET /library/api/stats`: the library in numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State as Shared;
use serde::Serialize;
use tombolo_storage::{Error, Query, Work};
use utoipa::ToSchema;

use crate::accounts::Caller;
use crate::http::Json;
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};
use crate::time::Time;

/// The library in numbers: of everything for an admin, of their own things for a user.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct StatsBody {
    pub(super) items: ItemsBody,
    pub(super) transfers: TransfersBody,
    pub(super) traffic: TrafficBody,
    /// Absent for those who are no admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) users: Option<UsersBody>,
    /// The replica that answers; absent for those who are no admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replica: Option<ReplicaBody>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ItemsBody {
    pub(super) count: u64,
    pub(super) bytes: u64,
    /// How many were found damaged.
    pub(super) damaged: u64,
    /// How many there are of each kind.
    pub(super) kinds: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct TransfersBody {
    pub(super) transferring: u64,
    pub(super) disconnected: u64,
    pub(super) complete: u64,
    pub(super) failed: u64,
}

/// Bytes that were moved in the last thirty days.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct TrafficBody {
    pub(super) uploaded: u64,
    pub(super) downloaded: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct UsersBody {
    pub(super) count: u64,
    pub(super) online: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ReplicaBody {
    /// Transfers under way at this replica.
    pub(super) transferring: usize,
    /// Transfers that wait for their turn at this replica.
    pub(super) queued: usize,
}

/// Tells how much there is and what goes on.
#[utoipa::path(
    get, path = "/stats", tag = "transfers",
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The numbers.", body = StatsBody),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Shared(library): Shared<Arc<Library>>,
    caller: Caller,
) -> Result<Json<StatsBody>, Problem> {
    let user = caller.user()?.id;
    library.book.saw(user);
    let whose = if caller.is_admin() { String::new() } else { user.to_string() };
    let mut stats = library
        .database
        .read(reading(), move |work| Box::pin(async move { stats(work, &whose).await }))
        .await?;
    if caller.is_admin() {
        let (transferring, queued) = library.admission.counts();
        stats.replica = Some(ReplicaBody { transferring, queued });
    }
    Ok(Json(stats))
}

/// Of one user, or of all if none is named.
pub(super) async fn stats(work: &mut Work<'_>, whose: &str) -> Result<StatsBody, Error> {
    let mut stats = StatsBody::default();
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let kinds = "SELECT kind, count(*), CAST(coalesce(sum(size), 0) AS BIGINT), count(damaged)
        FROM library_item WHERE $1 = '' OR owner = $1 GROUP BY kind";
    for row in work.rows(Query::new(kinds).bind(whose)).await? {
        let count = number(row.get(1)?);
        stats.items.count = stats.items.count.saturating_add(count);
        stats.items.bytes = stats.items.bytes.saturating_add(number(row.get(2)?));
        stats.items.damaged = stats.items.damaged.saturating_add(number(row.get(3)?));
        stats.items.kinds.insert(row.get(0)?, count);
    }
    let now = Time::now();
    let states = "SELECT t.state, EXISTS (SELECT 1 FROM library_transfer_part AS p
            WHERE p.transfer = t.id AND p.seen > $2 AND p.requests > 0), count(*)
        FROM library_transfer AS t WHERE $1 = '' OR t.user_id = $1 GROUP BY 1, 2";
    let fresh = now.minus(limits::TRANSFER_FRESH).millis();
    for row in work.rows(Query::new(states).bind(whose).bind(fresh)).await? {
        let count = number(row.get(2)?);
        let transfers = &mut stats.transfers;
        let place = match (row.get::<String>(0)?.as_str(), row.get::<bool>(1)?) {
            ("complete", _) => &mut transfers.complete,
            ("failed", _) => &mut transfers.failed,
            (_, true) => &mut transfers.transferring,
            (_, false) => &mut transfers.disconnected,
        };
        *place = place.saturating_add(count);
    }
    let traffic = "SELECT CAST(coalesce(sum(received), 0) AS BIGINT),
            CAST(coalesce(sum(sent), 0) AS BIGINT)
        FROM library_traffic WHERE ($1 = '' OR user_id = $1) AND day >= $2";
    let day = now.millis().div_euclid(24 * 60 * 60 * 1000).saturating_sub(30);
    if let Some(row) = work.row(Query::new(traffic).bind(whose).bind(day)).await? {
        stats.traffic.uploaded = number(row.get(0)?);
        stats.traffic.downloaded = number(row.get(1)?);
    }
    if whose.is_empty() {
        let users = "SELECT count(*), CAST(coalesce(sum(CASE WHEN EXISTS (
                SELECT 1 FROM library_presence AS o WHERE o.user_id = u.id AND o.seen > $1)
                THEN 1 ELSE 0 END), 0) AS BIGINT)
            FROM library_user AS u WHERE u.deleted IS NULL";
        let online = now.minus(limits::ONLINE_TIME).millis();
        if let Some(row) = work.row(Query::new(users).bind(online)).await? {
            stats.users =
                Some(UsersBody { count: number(row.get(0)?), online: number(row.get(1)?) });
        }
    }
    Ok(stats)
}
