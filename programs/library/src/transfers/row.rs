//! A transfer as the rows of all replicas tell it.

use serde::Serialize;
use tombolo_storage::{Error, Row};
use utoipa::ToSchema;

use crate::ids::{TransferId, UserId};
use crate::limits;
use crate::time::Time;

/// Reads a transfer `t` with the columns that [`TransferBody::of_row`] takes. Needs two values first:
/// since when a replica's word is fresh ($1), and since when a user is online ($2).
macro_rules! select_transfers {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.direction, t.user_id, u.name, t.object, t.name, t.total,
                CAST(t.base + (SELECT coalesce(sum(p.bytes), 0) FROM library_transfer_part AS p
                    WHERE p.transfer = t.id) AS BIGINT),
                CAST((SELECT coalesce(sum(p.rate), 0) FROM library_transfer_part AS p
                    WHERE p.transfer = t.id AND p.seen > $1) AS BIGINT),
                CAST((SELECT coalesce(sum(p.requests), 0) FROM library_transfer_part AS p
                    WHERE p.transfer = t.id AND p.seen > $1) AS BIGINT),
                CAST((SELECT coalesce(max(p.position), 0) FROM library_transfer_part AS p
                    WHERE p.transfer = t.id AND p.seen > $1 AND p.requests > 0) AS BIGINT),
                t.client, t.started, t.updated, t.state,
                EXISTS (SELECT 1 FROM library_presence AS o
                    WHERE o.user_id = t.user_id AND o.seen > $2)
            FROM library_transfer AS t LEFT JOIN library_user AS u ON u.id = t.user_id ",
            $rest
        )
    };
}
pub(super) use select_transfers;

/// The two values that every such statement begins with.
pub(super) fn freshness() -> (i64, i64) {
    let now = Time::now();
    (now.minus(limits::TRANSFER_FRESH).millis(), now.minus(limits::ONLINE_TIME).millis())
}

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TransferBody {
    pub(super) id: TransferId,
    direction: DirectionBody,
    /// Whose it is; null for somebody without an account.
    pub(super) user: Option<UserBody>,
    /// The id of the item that is fetched, or of the upload.
    object: String,
    /// The file's name.
    name: String,
    pub(super) state: State,
    /// Bytes that were moved. Of an upload, bytes that arrived; `HEAD` at `resume` tells how many of
    /// them are durable.
    bytes: u64,
    /// Bytes of the whole; null when nobody knows yet.
    total: Option<u64>,
    /// Bytes per second now.
    rate: u64,
    /// The place in the queue while it waits for its turn; null once it is under way.
    position: Option<u64>,
    /// The client's address.
    client: String,
    started: Time,
    pub(super) updated: Time,
    /// Where to go on, from this device or another; null when it is over.
    resume: Option<String>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DirectionBody {
    Upload,
    Download,
}

/// How a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TransferState)]
pub(crate) enum State {
    /// Bytes are moved, or wait for their turn.
    Transferring,
    /// Nobody moves it at the moment; it can go on.
    Disconnected,
    /// All of it was moved.
    Complete,
    /// It cannot go on.
    Failed,
}

/// A user, and whether they are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct UserBody {
    pub(super) id: UserId,
    pub(super) name: String,
    pub(super) state: Presence,
}

/// Whether a user is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Presence {
    Online,
    Offline,
}

impl Presence {
    pub(super) fn of(is_online: bool) -> Self {
        if is_online { Self::Online } else { Self::Offline }
    }
}

impl TransferBody {
    pub(super) fn of_row(row: &Row) -> Result<Self, Error> {
        let number = |column| Ok::<_, Error>(u64::try_from(row.get::<i64>(column)?).unwrap_or(0));
        let total: Option<i64> = row.get(6)?;
        let requests = number(9)?;
        let state = match row.get::<String>(14)?.as_str() {
            "complete" => State::Complete,
            "failed" => State::Failed,
            _ if requests > 0 => State::Transferring,
            _ => State::Disconnected,
        };
        let user = UserId::of_row_if_any(row, 2)?;
        let name: Option<String> = row.get(3)?;
        let presence = Presence::of(row.get(15)?);
        let object: String = row.get(4)?;
        let (direction, resume) = match row.get::<String>(1)?.as_str() {
            "up" => (DirectionBody::Upload, format!("/library/api/uploads/{object}")),
            _ => (DirectionBody::Download, format!("/library/api/items/{object}/content")),
        };
        let is_open = matches!(state, State::Transferring | State::Disconnected);
        Ok(Self {
            id: TransferId::of_row(row, 0)?,
            direction,
            user: user.map(|id| UserBody { id, name: name.unwrap_or_default(), state: presence }),
            object,
            name: row.get(5)?,
            state,
            bytes: number(7)?,
            total: total.and_then(|total| u64::try_from(total).ok()),
            rate: if state == State::Transferring { number(8)? } else { 0 },
            position: Some(number(10)?).filter(|place| *place > 0 && state == State::Transferring),
            client: row.get(11)?,
            started: Time::of_row(row, 12)?,
            updated: Time::of_row(row, 13)?,
            resume: is_open.then_some(resume),
        })
    }
}
