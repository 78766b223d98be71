//! Who may add to an upload: the request that took it over last, at whichever replica.
//!
//! Taking over raises the row's epoch. Every change names the epoch under which its request works,
//! so that a request that was fenced off finds its next commit without effect and stops.

use tombolo_storage::{Error, Query, Work};

use super::Uploads;
use super::group::NotDone;
use super::row::{self, Upload, columns, signed};
use crate::catalogue::bury_object;
use crate::ids::{ContentId, UploadId, UserId};
use crate::state::Library;
use crate::time::Time;

/// What became of an attempt to take an upload over.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is this request's, with its parts in an object store.
    Yes(Box<Upload>, Vec<String>),
    /// It is not, for what the row says; None if there is none.
    No(Option<Box<Upload>>),
}

/// Takes over an upload that is being received, and that has so many bytes if that is asked. The
/// request holds it from now on, or nobody does.
pub(super) async fn take(
    uploads: &Uploads,
    id: UploadId,
    owner: UserId,
    at: Option<u64>,
    holds: bool,
) -> Result<Taken, NotDone> {
    let holder = holds.then(|| uploads.replica.to_string());
    let at = at.map_or(-1, signed);
    let renames = uploads.content.names_each_writer();
    uploads
        .group
        .write(owner, move |work| {
            let holder = holder.clone();
            Box::pin(async move {
                let mut taken = try_take(work, id, owner, at, holder).await?;
                if let Taken::Yes(upload, _) = &mut taken
                    && renames
                    && upload.session.is_none()
                {
                    rename(work, upload).await?;
                }
                Ok(taken)
            })
        })
        .await
}

/// Gives an upload that was taken over another final name. What a former holder writes under the old
/// one, however late, is removed.
pub(super) async fn rename(work: &mut Work<'_>, upload: &mut Upload) -> Result<(), Error> {
    bury_object(work, upload.content).await?;
    upload.content = ContentId::new();
    let rename = Query::new("UPDATE library_upload SET content = $2 WHERE id = $1");
    work.run(rename.bind(upload.id).bind(upload.content)).await.map(drop)
}

/// Whether an upload is still that of the request that took it.
pub(super) async fn is_held(library: &Library, upload: &Upload) -> Result<bool, Error> {
    let find = "SELECT 1 FROM library_upload
        WHERE id = $1 AND epoch = $2 AND state IN ('receiving', 'joining')";
    let rows = library.query(Query::new(find).bind(upload.id).bind(upload.epoch)).await?;
    Ok(!rows.is_empty())
}

async fn try_take(
    work: &mut Work<'_>,
    id: UploadId,
    owner: UserId,
    at: i64,
    holder: Option<String>,
) -> Result<Taken, Error> {
    let take = concat!(
        "UPDATE library_upload SET epoch = epoch + 1, holder = $3, touched = $5
         WHERE id = $1 AND owner = $2 AND state = 'receiving' AND ($4 < 0 OR received = $4)
         RETURNING ",
        columns!()
    );
    let take = Query::new(take).bind(id).bind(owner).bind(holder).bind(at).bind(Time::now());
    if let Some(row) = work.row(take).await? {
        let upload = Upload::of_row(&row)?;
        let parts = row::parts(work, &upload).await?;
        return Ok(Taken::Yes(Box::new(upload), parts));
    }
    let row = work.row(row::of_owner(id, owner)).await?;
    Ok(Taken::No(row.as_ref().map(Upload::of_row).transpose()?.map(Box::new)))
}
