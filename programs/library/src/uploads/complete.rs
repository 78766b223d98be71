//! The end of an upload: its bytes get their final name, and the row, the item and the owner's quota
//! change together. Nothing is copied and nothing is read again.

use futures_util::StreamExt;
use tombolo_storage::{Error, Query, Work};

use super::Uploads;
use super::commit::{self, Step, Stepped};
use super::digest::Running;
use super::limits;
use super::refusal;
use super::row::{self, Kind, State, Upload, signed};
use crate::catalogue::{NewItem, register};
use crate::content::{Durable, Writer};
use crate::ids::ItemId;
use crate::plans::quota;
use crate::problem::Problem;
use crate::time::Time;

/// Completes an upload of which all bytes are written and this request is the holder.
pub(super) async fn complete(
    uploads: &Uploads,
    upload: &Upload,
    mut writer: Box<dyn Writer>,
    digest: Running,
    length: u64,
) -> Result<Upload, Problem> {
    if upload.length.is_none() {
        // Only now is it known how much room it needs.
        let durable = writer.sync(true).await?;
        step(uploads, upload, durable, digest.state(), length).await?;
    }
    let state = digest.state();
    let known = digest.finish();
    if known.is_some_and(|known| !matches(upload, known)) {
        drop(writer);
        return Err(fail(uploads, upload, WRONG_DIGEST).await?);
    }
    if let Some(durable) = writer.seal().await? {
        step(uploads, upload, durable, state, length).await?;
    }
    // Until the row is written nobody else opens the file.
    let held = writer.complete().await?;
    let sha256 = match known {
        Some(known) => known,
        None => read_again(uploads, upload, length).await?,
    };
    if !matches(upload, sha256) {
        drop(held);
        return Err(fail(uploads, upload, WRONG_DIGEST).await?);
    }
    let done = note(uploads, upload, length, sha256).await?;
    drop(held);
    if let Err(error) = uploads.content.tidy(&upload.place()).await {
        tracing::warn!(%error, upload = %upload.id, "something of a complete upload is left over");
    }
    done.ok_or_else(|| refusal::taken_over(upload.offset))
}

/// Notes what is durable and the length of it all.
async fn step(
    uploads: &Uploads,
    upload: &Upload,
    durable: Durable,
    digest: Vec<u8>,
    length: u64,
) -> Result<(), Problem> {
    let (id, owner, epoch) = (upload.id, upload.owner, upload.epoch);
    let holder = Some(uploads.replica.to_string());
    let step = Step { id, owner, epoch, durable, digest, length: Some(length), holder };
    match commit::step(uploads, step).await? {
        Stepped::Done(_) => Ok(()),
        Stepped::Stale => Err(refusal::taken_over(upload.offset)),
        Stepped::Exceeded(exceeded) => Err(refusal::quota(&exceeded, length)),
    }
}

const WRONG_DIGEST: &str = "its SHA-256 is not the one that was announced";

fn matches(upload: &Upload, sha256: [u8; 32]) -> bool {
    upload.expected.is_none_or(|expected| expected == sha256)
}

/// The digest of content whose running state was not known.
async fn read_again(uploads: &Uploads, upload: &Upload, length: u64) -> Result<[u8; 32], Problem> {
    let mut digest = Running::new();
    let mut stream = uploads.content.read(&upload.content, 0..length);
    while let Some(bytes) = stream.next().await {
        digest.add(&[bytes?]);
    }
    digest.finish().ok_or_else(Problem::internal)
}

/// Notes that an upload cannot go on; the answer to its client.
pub(super) async fn fail(
    uploads: &Uploads,
    upload: &Upload,
    why: &'static str,
) -> Result<Problem, Problem> {
    let (id, epoch) = (upload.id, upload.epoch);
    let noted = uploads.group.write(upload.owner, move |work| {
        Box::pin(async move {
            // Its bytes and its quota go with the next sweep.
            let note = "UPDATE library_upload SET state = 'failed', failure = $3, holder = NULL,
                    epoch = epoch + 1, expires = $4
                WHERE id = $1 AND epoch = $2 AND state IN ('receiving', 'joining')";
            let note = Query::new(note).bind(id).bind(epoch).bind(why).bind(Time::now());
            work.run(note).await.map(drop)
        })
    });
    noted.await?;
    uploads.sweep.notify_one();
    Ok(refusal::failed(why))
}

/// Notes the end; None if another request has taken the upload over.
async fn note(
    uploads: &Uploads,
    upload: &Upload,
    length: u64,
    sha256: [u8; 32],
) -> Result<Option<Upload>, Problem> {
    let end = End { upload: upload.clone(), item: ItemId::new(), length, sha256 };
    let noted = uploads.group.write(upload.owner, move |work| {
        let end = end.clone();
        Box::pin(async move { try_note(work, end).await })
    });
    Ok(noted.await?)
}

#[derive(Clone, Debug)]
struct End {
    upload: Upload,
    item: ItemId,
    length: u64,
    sha256: [u8; 32],
}

async fn try_note(work: &mut Work<'_>, end: End) -> Result<Option<Upload>, Error> {
    let End { upload, item, length, sha256 } = end;
    let (is_piece, now) = (upload.kind == Kind::Piece, Time::now());
    let item = (!is_piece).then_some(item);
    let kept = if is_piece { limits::EXPIRY_TIME } else { limits::MEMORY_TIME };
    let find = "SELECT reserved FROM library_upload WHERE id = $1";
    let reserved = work.row(Query::new(find).bind(upload.id)).await?;
    let reserved = reserved.map(|row| row.get::<i64>(0)).transpose()?.unwrap_or_default();
    let note = "UPDATE library_upload SET state = 'complete', received = $3, length = $3,
            sha256 = $4, item = $5, holder = NULL, session = NULL, tail = NULL, touched = $6,
            expires = $7, reserved = CASE WHEN $5 IS NULL THEN $3 ELSE 0 END
        WHERE id = $1 AND epoch = $2 AND state IN ('receiving', 'joining')";
    let note = Query::new(note)
        .bind(upload.id)
        .bind(upload.epoch)
        .bind(signed(length))
        .bind(sha256.to_vec())
        .bind(item.map(String::from))
        .bind(now)
        .bind(now.plus(kept));
    if work.run(note).await? == 0 {
        // An earlier try may have done it, or another request.
        let found = row::find(work, upload.id).await?;
        return Ok(found.filter(|found| found.state == State::Complete));
    }
    let forget = Query::new("DELETE FROM library_upload_part WHERE upload = $1");
    if upload.session.is_some() {
        work.run(forget.bind(upload.id)).await?;
    }
    let reserved = u64::try_from(reserved).unwrap_or_default();
    if is_piece {
        // A length that was not known had reserved more than came.
        quota::release(work, upload.owner, reserved.saturating_sub(length)).await?;
    }
    if let Some(id) = item {
        let Upload { owner, name, media_type, content, .. } = upload.clone();
        let (size, folder) = (length, upload.folder());
        let created = now;
        let new = NewItem { id, owner, name, folder, media_type, size, sha256, content, created };
        register(work, new).await?;
        quota::settle(work, upload.owner, reserved, length).await?;
        if upload.kind == Kind::Joined {
            let soon = "UPDATE library_upload SET expires = $2 WHERE owner = $3 AND kind = 'piece'
                AND state = 'complete' AND id = $1";
            for piece in &upload.pieces {
                let until = now.plus(limits::PIECES_TIME);
                work.run(Query::new(soon).bind(*piece).bind(until).bind(upload.owner)).await?;
            }
        }
    }
    row::find(work, upload.id).await
}
