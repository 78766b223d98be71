//! Giving an upload up. Its quota is free at once; its bytes go with the next sweep.

use tombolo_storage::{Error, Query, Work};

use super::Uploads;
use super::refusal;
use super::row::{self, State, Upload};
use crate::ids::{UploadId, UserId};
use crate::plans::quota;
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
                return Ok(Some(false));
            }
            end(work, &upload).await.map(|()| Some(true))
        })
    });
    match ended.await? {
        None => Err(Problem::not_found()),
        Some(false) => Err(refusal::gone(None)),
        Some(true) => {
            uploads.sweep.notify_one();
            Ok(())
        }
    }
}

/// Ends an upload in a transaction: nobody can add to it any more, and its quota is free.
pub(super) async fn end(work: &mut Work<'_>, upload: &Upload) -> Result<(), Error> {
    // The bytes of a complete upload are its item's.
    let state = match (upload.state, upload.item) {
        (State::Complete, Some(_)) => State::Gone,
        _ => State::Ended,
    };
    let now = Time::now();
    let change = "UPDATE library_upload SET state = $2, epoch = epoch + 1, holder = NULL,
            reserved = 0, repeat_key = NULL, touched = $3, expires = $4
        WHERE id = $1";
    let change = Query::new(change)
        .bind(upload.id)
        .bind(state.name())
        .bind(now)
        .bind(now.plus(super::limits::MEMORY_TIME));
    work.run(change).await?;
    if upload.reserved > 0 {
        quota::release(work, upload.owner, upload.reserved).await?;
    }
    Ok(())
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
