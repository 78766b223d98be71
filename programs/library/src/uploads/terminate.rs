//! Giving an upload up. Its bytes go at once, or with the next sweep, and its quota with them.

use tombolo_storage::{Error, Query, Work};

use super::Uploads;
use super::refusal;
use super::row::{self, State, Upload};
use super::sweep;
use crate::ids::{UploadId, UserId};
use crate::problem::Problem;
use crate::time::Time;

/// Ends an owner's upload. An item that it has become stays.
pub(crate) async fn terminate(
    uploads: &Uploads,
    owner: UserId,
    id: UploadId,
) -> Result<(), Problem> {
    uploads.active.interrupt(id).await;
    let ended = uploads.group.write(owner, move |work| {
        Box::pin(async move {
            let row = work.row(row::of_owner(id, owner).for_update()).await?;
            let Some(upload) = row.as_ref().map(Upload::of_row).transpose()? else {
                return Ok(None);
            };
            if matches!(upload.state, State::Ended | State::Gone) {
                return Ok(Some(None));
            }
            end(work, &upload).await?;
            Ok(Some(Some(upload)))
        })
    });
    match ended.await? {
        None => Err(Problem::not_found()),
        Some(None) => Err(refusal::gone(None)),
        Some(Some(upload)) => {
            // So that its owner has the room for the next one.
            if let Err(problem) = sweep::remove_one(uploads, &upload).await {
                tracing::warn!(upload = %id, status = %problem.status(),
                    "the bytes of an upload are left to the next sweep");
                uploads.sweep.notify_one();
            }
            Ok(())
        }
    }
}

/// Ends an upload in a transaction: nobody can add to it any more. What it has reserved it keeps
/// until its bytes are removed.
pub(super) async fn end(work: &mut Work<'_>, upload: &Upload) -> Result<(), Error> {
    // The bytes of a complete upload are its item's.
    let state = match (upload.state, upload.item) {
        (State::Complete, Some(_)) => State::Gone,
        _ => State::Ended,
    };
    let now = Time::now();
    let change = "UPDATE library_upload SET state = $2, epoch = epoch + 1, holder = NULL,
            repeat_key = NULL, touched = $3, expires = $4
        WHERE id = $1";
    let change = Query::new(change)
        .bind(upload.id)
        .bind(state.name())
        .bind(now)
        .bind(now.plus(super::limits::MEMORY_TIME));
    work.run(change).await.map(drop)
}

/// Ends all uploads of a user who is deleted, in that transaction.
pub(crate) async fn end_all_of(work: &mut Work<'_>, owner: UserId) -> Result<(), Error> {
    let find = concat!(
        "SELECT ",
        row::columns!(),
        " FROM library_upload WHERE owner = $1 AND state NOT IN ('ended', 'gone') ORDER BY id"
    );
    for row in work.rows(Query::new(find).bind(owner).for_update()).await? {
        end(work, &Upload::of_row(&row)?).await?;
    }
    Ok(())
}
