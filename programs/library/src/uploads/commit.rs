//! Noting what became durable, under the epoch of the request that did it.

use tombolo_storage::{Error, Query, Work};

use super::Uploads;
use super::group::NotDone;
use super::limits;
use super::row::{Upload, signed};
use crate::content::Durable;
use crate::ids::{UploadId, UserId};
use crate::plans::quota::{self, QuotaExceeded};
use crate::time::Time;

/// A step forward.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) id: UploadId,
    pub(super) owner: UserId,
    pub(super) epoch: i64,
    pub(super) durable: Durable,
    /// The state of SHA-256 after these bytes.
    pub(super) digest: Vec<u8>,
    /// The length, if it is known now.
    pub(super) length: Option<u64>,
    /// The replica that goes on; None once the request has ended.
    pub(super) holder: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// So many bytes are acknowledged.
    Done(u64),
    /// Another request has taken the upload over.
    Stale,
    /// The owner's plan has no room for what came of an upload whose length is not known.
    Exceeded(QuotaExceeded),
}

/// Notes a step; it is on the disk when this returns.
pub(super) async fn step(uploads: &Uploads, step: Step) -> Result<Stepped, NotDone> {
    uploads
        .group
        .write(step.owner, move |work| {
            let step = step.clone();
            Box::pin(async move { try_step(work, step).await })
        })
        .await
}

async fn try_step(work: &mut Work<'_>, step: Step) -> Result<Stepped, Error> {
    let Step { id, owner, epoch, durable, digest, length, holder } = step;
    let find = "SELECT reserved FROM library_upload
        WHERE id = $1 AND epoch = $2 AND state IN ('receiving', 'joining')";
    let Some(row) = work.row(Query::new(find).bind(id).bind(epoch)).await? else {
        return Ok(Stepped::Stale);
    };
    let reserved = u64::try_from(row.get::<i64>(0)?).unwrap_or_default();
    let needed = match length {
        Some(length) => length,
        // Ahead of what may be written before the next step: bytes are on the disk before they are
        // noted, and must have been reserved by then.
        None => durable
            .offset
            .saturating_add(limits::RESERVE_AHEAD)
            .checked_next_multiple_of(limits::RESERVE_STEP)
            .unwrap_or(u64::MAX),
    };
    let more = needed.saturating_sub(reserved);
    if more > 0
        && let Err(exceeded) = quota::reserve(work, owner, more).await?
    {
        return Ok(Stepped::Exceeded(exceeded));
    }
    let note = "UPDATE library_upload SET received = $3, digest = $4, session = $5, tail = $6,
            holder = $7, length = coalesce($8, length), reserved = reserved + $9, touched = $10,
            expires = $11
        WHERE id = $1 AND epoch = $2";
    let now = Time::now();
    let note = Query::new(note)
        .bind(id)
        .bind(epoch)
        .bind(signed(durable.offset))
        .bind(digest)
        .bind(durable.session)
        .bind(durable.tail)
        .bind(holder)
        .bind(length.map(signed))
        .bind(signed(more))
        .bind(now)
        .bind(now.plus(limits::EXPIRY_TIME));
    work.run(note).await?;
    for (number, part) in durable.new_parts {
        let add = "INSERT INTO library_upload_part (upload, number, part) VALUES ($1, $2, $3)
            ON CONFLICT (upload, number) DO UPDATE SET part = excluded.part";
        work.run(Query::new(add).bind(id).bind(i64::from(number)).bind(part)).await?;
    }
    Ok(Stepped::Done(durable.offset))
}

/// Lets an upload go without a change of its bytes.
pub(super) async fn let_go(uploads: &Uploads, upload: &Upload) -> Result<(), NotDone> {
    let (id, epoch) = (upload.id, upload.epoch);
    uploads
        .group
        .write(upload.owner, move |work| {
            Box::pin(async move {
                let let_go = "UPDATE library_upload SET holder = NULL WHERE id = $1 AND epoch = $2";
                work.run(Query::new(let_go).bind(id).bind(epoch)).await.map(drop)
            })
        })
        .await
}
