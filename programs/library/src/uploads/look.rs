//! Where an upload is. An offset that is told can be used: a request that was adding bytes is
//! stopped, or fenced off, before it is told.

use std::sync::Arc;

use super::append::open;
use super::commit;
use super::complete::complete;
use super::digest::Running;
use super::lease::{Taken, take};
use super::refusal;
use super::row::{self, State, Upload};
use crate::ids::{UploadId, UserId};
use crate::problem::Problem;
use crate::state::Library;

/// An owner's upload as its row is now.
pub(super) async fn find(
    library: &Library,
    owner: UserId,
    id: UploadId,
) -> Result<Upload, Problem> {
    let rows = library.query(row::of_owner(id, owner)).await?;
    let row = rows.first().ok_or_else(Problem::not_found)?;
    Ok(Upload::of_row(row)?)
}

/// An owner's upload with an offset that can be used.
pub(crate) async fn look(
    library: &Arc<Library>,
    owner: UserId,
    id: UploadId,
) -> Result<Upload, Problem> {
    let uploads = &library.uploads;
    let mut upload = find(library, owner, id).await?;
    if upload.state == State::Receiving && upload.holder.is_some() {
        uploads.active.interrupt(id).await;
        upload = find(library, owner, id).await?;
    }
    if upload.state == State::Receiving && upload.holder.is_some() {
        // At another replica, or one that died: fenced off.
        match take(uploads, id, owner, None, false).await? {
            Taken::Yes(taken, _) => upload = *taken,
            Taken::No(found) => upload = *found.ok_or_else(Problem::not_found)?,
        }
    }
    match upload.state {
        State::Failed => Err(refusal::gone(upload.failure.as_deref())),
        State::Ended | State::Gone => Err(refusal::gone(None)),
        State::Receiving if upload.has_all() => finish(library, &upload).await,
        _ => Ok(upload),
    }
}

/// Completes an upload of which all bytes are there: the one who was at it did not come to that.
pub(super) async fn finish(library: &Arc<Library>, upload: &Upload) -> Result<Upload, Problem> {
    let (library, id, owner) = (Arc::clone(library), upload.id, upload.owner);
    let offset = upload.offset;
    let work = async move {
        let uploads = &library.uploads;
        match take(uploads, id, owner, Some(offset), true).await? {
            Taken::Yes(upload, parts) => {
                let _receiver = uploads.active.begin(id, upload.epoch);
                let writer = match open(&library, &upload, parts).await {
                    Ok(writer) => writer,
                    Err(problem) => {
                        commit::let_go(uploads, &upload).await?;
                        return Err(problem);
                    }
                };
                let digest = Running::of_state(&upload.digest);
                complete(uploads, &upload, writer, digest, offset).await
            }
            Taken::No(Some(upload)) if upload.state == State::Complete => Ok(*upload),
            Taken::No(Some(_)) => Err(refusal::locked()),
            Taken::No(None) => Err(Problem::not_found()),
        }
    };
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Problem::internal()))
}
