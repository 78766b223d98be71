//! What nobody looks after any more: uploads that expired, bytes of those that ended, completions
//! and joinings that were left in the middle, requests that another replica fenced off.
//!
//! Every replica does this, and each step is harmless when two do it. What is alive at another
//! replica is never touched: it expires a week after its last byte, and commits every second.

use std::sync::Arc;

use tokio::time::{Instant, sleep, timeout};
use tombolo_storage::{Error, Query, Row};

use super::limits;
use super::row::{self, Upload, columns};
use super::terminate::end;
use super::{Uploads, join, look};
use crate::content::Place;
use crate::ids::{ContentId, UploadId};
use crate::plans::quota;
use crate::problem::Problem;
use crate::state::{Library, writing};
use crate::time::Time;

/// Sweeps until the replica drains.
pub(crate) async fn run(library: Arc<Library>) {
    let shutdown = library.shutdown.clone();
    tokio::select! {
        () = shutdown.draining() => {}
        () = sweeps(&library) => {}
        () = fences(&library) => {}
    }
}

async fn sweeps(library: &Arc<Library>) {
    let mut orphans = Instant::now();
    loop {
        // Replicas that were started together do not sweep together.
        let pause = limits::SWEEP_PERIOD.mul_f64(0.75 + f64::from(fastrand::u8(..)) / 512.0);
        let _ = timeout(pause, library.uploads.sweep.notified()).await;
        for swept in once(library).await {
            if let Err(problem) = swept {
                tracing::warn!(status = %problem.status(), "a sweep of uploads did not end");
            }
        }
        if orphans.elapsed() >= limits::ORPHAN_PERIOD {
            orphans = Instant::now();
            if let Err(problem) = adopt(library).await {
                tracing::warn!(status = %problem.status(), "files without a row were not removed");
            }
        }
    }
}

/// One sweep; each part goes on though another one failed.
pub(super) async fn once(library: &Arc<Library>) -> [Result<(), Problem>; 4] {
    [
        expire(library).await.map_err(Problem::from),
        remove(library).await,
        finish(library).await,
        forget(library).await.map_err(Problem::from),
    ]
}

/// Ends what expired. Only rows whose time is over are looked at, and only if that is still so in
/// the transaction: a byte that came meanwhile has put it off.
async fn expire(library: &Library) -> Result<(), Error> {
    library
        .database
        .write(writing(), |work| {
            Box::pin(async move {
                let find = concat!(
                    "SELECT ",
                    columns!(),
                    " FROM library_upload WHERE expires <= $1 AND (state IN ('receiving', 'failed')
                        OR (state = 'complete' AND kind = 'piece'))
                      ORDER BY owner, id LIMIT $2"
                );
                let find = Query::new(find).bind(Time::now()).bind(limits::SWEEP_SIZE);
                for row in work.rows(find.for_update()).await? {
                    end(work, &Upload::of_row(&row)?).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Removes the bytes of what ended.
async fn remove(library: &Library) -> Result<(), Problem> {
    let find = concat!(
        "SELECT ",
        columns!(),
        " FROM library_upload WHERE state = 'ended' ORDER BY id LIMIT $1"
    );
    for row in library.query(Query::new(find).bind(limits::SWEEP_SIZE)).await? {
        remove_one(&library.uploads, &Upload::of_row(&row)?).await?;
    }
    Ok(())
}

/// Removes the bytes of an upload that has ended, then gives its owner the room back: once, whichever
/// replicas do it.
pub(super) async fn remove_one(uploads: &Uploads, upload: &Upload) -> Result<(), Problem> {
    // The bytes of a complete upload are its item's.
    if upload.item.is_some() {
        return Ok(());
    }
    uploads.content.discard(&upload.place(), upload.kept(Vec::new())).await?;
    let (id, owner) = (upload.id, upload.owner);
    let removed = uploads.group.write(owner, move |work| {
        Box::pin(async move {
            let find = "SELECT reserved FROM library_upload WHERE id = $1 AND state = 'ended'";
            let row = work.row(Query::new(find).bind(id).for_update()).await?;
            let Some(row) = row else { return Ok(()) };
            let reserved = u64::try_from(row.get::<i64>(0)?).unwrap_or_default();
            let note = "UPDATE library_upload SET state = 'gone', session = NULL, tail = NULL,
                reserved = 0 WHERE id = $1";
            work.run(Query::new(note).bind(id)).await?;
            let parts = "DELETE FROM library_upload_part WHERE upload = $1";
            work.run(Query::new(parts).bind(id)).await?;
            quota::release(work, owner, reserved).await
        })
    });
    Ok(removed.await?)
}

/// Finishes what was left in the middle.
async fn finish(library: &Arc<Library>) -> Result<(), Problem> {
    let find = concat!(
        "SELECT ",
        columns!(),
        " FROM library_upload WHERE touched < $1
            AND (state = 'joining' OR (state = 'receiving' AND received = length))
          ORDER BY id LIMIT $2"
    );
    let before = Time::now().minus(limits::ABANDONED_TIME);
    for row in library.query(Query::new(find).bind(before).bind(limits::SWEEP_SIZE)).await? {
        let upload = Upload::of_row(&row)?;
        let done = match upload.state {
            row::State::Joining => join::take_over(library, upload.id).await,
            _ => look::finish(library, &upload).await.map(drop),
        };
        if let Err(problem) = done {
            tracing::warn!(upload = %upload.id, status = %problem.status(),
                "an upload that was left in the middle could not be finished");
        }
    }
    Ok(())
}

/// Forgets rows that were told long enough.
async fn forget(library: &Library) -> Result<(), Error> {
    let forget = "DELETE FROM library_upload WHERE id IN (SELECT id FROM library_upload
        WHERE expires <= $1 AND (state = 'gone' OR (state = 'complete' AND kind <> 'piece'))
        LIMIT $2)";
    let forget = Query::new(forget).bind(Time::now()).bind(limits::SWEEP_SIZE);
    library.call(forget).await.map(drop)
}

/// Removes old files that no row knows.
async fn adopt(library: &Library) -> Result<(), Problem> {
    let found = library.uploads.content.leftovers().await?;
    for some in found.chunks(limits::ORPHANS_AT_ONCE) {
        let ids: Vec<String> = some.iter().map(UploadId::to_string).collect();
        let known = "SELECT id FROM library_upload WHERE id = ANY($1)";
        let known = library.query(Query::new(known).bind(ids)).await?;
        let known: Vec<UploadId> =
            known.iter().map(|row| UploadId::of_row(row, 0)).collect::<Result<_, _>>()?;
        for upload in some.iter().filter(|id| !known.contains(id)) {
            // What content it would have become is not known, and it never became that.
            let place = Place { upload: *upload, content: ContentId::new() };
            library.uploads.content.discard(&place, Default::default()).await?;
        }
    }
    Ok(())
}

/// Stops requests of this replica that another one has fenced off, also those whose clients are
/// silent: the other one waits for their files.
async fn fences(library: &Library) {
    loop {
        sleep(limits::FENCE_PERIOD).await;
        let active = library.uploads.active.all();
        if active.is_empty() {
            continue;
        }
        let ids: Vec<String> = active.iter().map(|(id, _)| id.to_string()).collect();
        let find = Query::new("SELECT id, epoch FROM library_upload WHERE id = ANY($1)").bind(ids);
        // While the database is away nobody else can have taken anything over.
        let Ok(rows) = library.query(find).await else { continue };
        let now = |row: &Row| Ok::<_, Error>((UploadId::of_row(row, 0)?, row.get::<i64>(1)?));
        let now: Vec<(UploadId, i64)> = rows.iter().filter_map(|row| now(row).ok()).collect();
        for (id, epoch) in active {
            if now.iter().any(|(other, new)| *other == id && *new != epoch) {
                library.uploads.active.stop(id, epoch);
            }
        }
    }
}
