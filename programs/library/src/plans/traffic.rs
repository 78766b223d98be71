//! How many bytes each user received and sent on each day (UTC): for the plan's limit, and for
//! reports of any time. Counted by whoever moves the bytes, a few times a minute.

use tombolo_storage::{Error, Query, Work};

use crate::ids::UserId;
use crate::time::Time;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;

/// Bytes of one direction each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Uploaded by the user.
    pub(crate) received: u64,
    /// Downloaded by the user.
    pub(crate) sent: u64,
}

/// Counts bytes that were moved for a user, at a moment.
pub(crate) async fn count(
    work: &mut Work<'_>,
    user: UserId,
    now: Time,
    traffic: Traffic,
) -> Result<(), Error> {
    let count = "INSERT INTO library_traffic (user_id, day, received, sent) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id, day) DO UPDATE SET
            received = library_traffic.received + excluded.received,
            sent = library_traffic.sent + excluded.sent";
    let count = Query::new(count).bind(user).bind(now.millis().div_euclid(DAY));
    work.run(count.bind(signed(traffic.received)).bind(signed(traffic.sent))).await.map(drop)
}

/// What was moved for a user on the days from `from` up to, and without, `to`.
pub(crate) async fn between(
    work: &mut Work<'_>,
    user: UserId,
    from: i64,
    to: i64,
) -> Result<Traffic, Error> {
    let sum = "SELECT CAST(coalesce(sum(received), 0) AS BIGINT),
            CAST(coalesce(sum(sent), 0) AS BIGINT)
        FROM library_traffic WHERE user_id = $1 AND day >= $2 AND day < $3";
    let Some(row) = work.row(Query::new(sum).bind(user).bind(from).bind(to)).await? else {
        return Ok(Traffic::default());
    };
    Ok(Traffic { received: row.get(0)?, sent: row.get(1)? })
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX).min(crate::limits::BYTES)
}
