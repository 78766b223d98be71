//! How many bytes of files each user keeps, and may keep.
//!
//! An upload reserves its length before its first byte, so that nobody sends a file that is refused
//! at its end. Each function is one statement of its caller's transaction: two replicas cannot both
//! see room for one file, and an upload that ends any way gives back what it reserved in the
//! transaction that ends it. Owned here: the counts. Not owned: which files there are.

use http::StatusCode;
use tombolo_storage::{Error, Query, Work};

use crate::ids::UserId;
use crate::limits;
use crate::problem::Problem;

/// There is no room for so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaExceeded {
    /// Bytes of the user's complete files, and of deleted ones that are not removed yet.
    pub(crate) used: u64,
    /// Bytes that the user's uploads have reserved.
    pub(crate) reserved: u64,
    /// Bytes that the user's plan allows.
    pub(crate) limit: u64,
}

impl From<QuotaExceeded> for Problem {
    /// 413 also when other files have taken the room: clients that upload try a 507 again and
    /// again.
    fn from(exceeded: QuotaExceeded) -> Self {
        let QuotaExceeded { used, reserved, limit } = exceeded;
        let detail = format!(
            "Your plan keeps {limit} bytes; {used} are used and {reserved} are reserved by uploads. \
             Delete files (their bytes count until they are removed, an hour later), end uploads, or \
             change the plan."
        );
        let title = "The plan has no room for this";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "quota-exceeded", title, detail)
            .with("used", used)
            .with("reserved", reserved)
            .with("limit", limit)
    }
}

/// What a user keeps, and may keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes of complete files, and of deleted ones that are not removed yet.
    pub(crate) used: u64,
    /// Bytes that uploads have reserved.
    pub(crate) reserved: u64,
}

/// Reserves room for an upload of so many bytes. A length that is not known yet is reserved in
/// steps, by more calls.
pub(crate) async fn reserve(
    work: &mut Work<'_>,
    user: UserId,
    bytes: u64,
) -> Result<Result<(), QuotaExceeded>, Error> {
    // A number that neither engine can add up to is over every limit.
    if let Some(bytes) = signed(bytes) {
        let reserve = "INSERT INTO library_quota (user_id, plan, storage, used, reserved)
            SELECT $1, p.id, p.storage, 0, $2 FROM library_plan p
            WHERE p.id = 'free' AND (p.storage >= $2
                OR EXISTS (SELECT 1 FROM library_quota WHERE user_id = $1))
            ON CONFLICT (user_id) DO UPDATE SET reserved = library_quota.reserved + $2
            WHERE library_quota.used + library_quota.reserved + $2 <= library_quota.storage";
        let reserve = Query::new(reserve).bind(user).bind(bytes);
        if work.run(reserve).await? == 1 {
            return Ok(Ok(()));
        }
    }
    Ok(Err(state(work, user).await?))
}

/// Whether so many bytes would fit now. [`reserve`] looks again.
pub(crate) async fn fits(
    work: &mut Work<'_>,
    user: UserId,
    bytes: u64,
) -> Result<Result<(), QuotaExceeded>, Error> {
    let state = state(work, user).await?;
    let taken = state.used.saturating_add(state.reserved).saturating_add(bytes);
    Ok(if taken <= state.limit { Ok(()) } else { Err(state) })
}

async fn state(work: &mut Work<'_>, user: UserId) -> Result<QuotaExceeded, Error> {
    let find = "SELECT p.storage, coalesce(q.storage, p.storage), coalesce(q.used, 0),
            coalesce(q.reserved, 0)
        FROM library_plan p LEFT JOIN library_quota q ON q.user_id = $1 WHERE p.id = 'free'";
    let row = work.row(Query::new(find).bind(user)).await?;
    let missing = Error::Program { words: "there is no plan called free" };
    let row = row.ok_or(missing)?;
    let (limit, used, reserved) = (row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(QuotaExceeded { used, reserved, limit })
}

/// An upload is complete: of what it had reserved, so much is used.
pub(crate) async fn settle(
    work: &mut Work<'_>,
    user: UserId,
    reserved: u64,
    used: u64,
) -> Result<(), Error> {
    // Not min(): it is a function of rows in PostgreSQL.
    let settle = "UPDATE library_quota SET used = used + $3,
            reserved = CASE WHEN reserved > $2 THEN reserved - $2 ELSE 0 END
        WHERE user_id = $1";
    let settle = Query::new(settle).bind(user).bind(capped(reserved));
    work.run(settle.bind(capped(used))).await.map(drop)
}

/// An upload has ended without a file: gives back what it had reserved.
pub(crate) async fn release(work: &mut Work<'_>, user: UserId, bytes: u64) -> Result<(), Error> {
    settle(work, user, bytes, 0).await
}

/// The bytes of a deleted file are removed: gives back what they used.
pub(crate) async fn remove(work: &mut Work<'_>, user: UserId, bytes: u64) -> Result<(), Error> {
    let remove = "UPDATE library_quota SET used = CASE WHEN used > $2 THEN used - $2 ELSE 0 END
        WHERE user_id = $1";
    let remove = Query::new(remove).bind(user).bind(capped(bytes));
    work.run(remove).await.map(drop)
}

/// What a user keeps.
pub(crate) async fn usage(work: &mut Work<'_>, user: UserId) -> Result<Usage, Error> {
    let find = Query::new("SELECT used, reserved FROM library_quota WHERE user_id = $1");
    let Some(row) = work.row(find.bind(user)).await? else {
        return Ok(Usage::default());
    };
    Ok(Usage { used: row.get(0)?, reserved: row.get(1)? })
}

/// The user is deleted, and all files with them.
pub(crate) async fn forget(work: &mut Work<'_>, user: UserId) -> Result<(), Error> {
    let forget = Query::new("DELETE FROM library_quota WHERE user_id = $1");
    work.run(forget.bind(user)).await.map(drop)
}

/// Bytes as the database counts them, if sums with them stay within its numbers.
fn signed(bytes: u64) -> Option<i64> {
    i64::try_from(bytes).ok().filter(|bytes| *bytes <= limits::BYTES)
}

/// The same for what was accepted before.
fn capped(bytes: u64) -> i64 {
    signed(bytes).unwrap_or(limits::BYTES)
}
