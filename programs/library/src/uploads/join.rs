//! Joining complete pieces to one upload (`final` of tus).
//!
//! SHA-256 cannot be put together from those of pieces, so the pieces are read and written once
//! more. That takes time: the client is answered when it is done or after a while, and the work
//! goes on; a replica that dies leaves it to another.

use std::sync::Arc;

use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};
use tombolo_storage::Query;

use super::append::open;
use super::complete::{complete, fail};
use super::create::{New, create};
use super::digest::Running;
use super::lease;
use super::limits;
use super::refusal;
use super::row::{Kind, State, Upload};
use crate::ids::UploadId;
use crate::problem::Problem;
use crate::state::{Library, writing};
use crate::time::Time;

/// Joins pieces, unless that was done already; what there is after a while.
pub(crate) async fn join(library: &Arc<Library>, mut new: New) -> Result<Upload, Problem> {
    if new.repeat.is_none() {
        // The same pieces with the same words make the same upload.
        let mut print = Sha256::new();
        new.pieces.iter().for_each(|piece| print.update(piece.to_string()));
        print.update(new.metadata.as_deref().unwrap_or_default());
        let print: [u8; 32] = print.finalize().into();
        let key = format!("final {}", super::digest::field(&print));
        new.repeat = Some((key, print));
    }
    let (upload, is_again) = create(&library.uploads, new).await?;
    if is_again {
        return Ok(upload);
    }
    let (library, begun) = (Arc::clone(library), upload.clone());
    let joining = tokio::spawn(async move { run(&library, begun).await });
    match timeout(limits::JOIN_WAIT, joining).await {
        Ok(done) => done.unwrap_or_else(|_| Err(Problem::internal())),
        Err(_) => Ok(upload),
    }
}

/// Joins the pieces of an upload that this replica holds.
pub(super) async fn run(library: &Arc<Library>, upload: Upload) -> Result<Upload, Problem> {
    let uploads = &library.uploads;
    let receiver = uploads.active.begin(upload.id, upload.epoch);
    let mut writer = open(library, &upload, Vec::new()).await?;
    let mut digest = Running::new();
    let mut last = Instant::now();
    for piece in &upload.pieces {
        let piece = super::look::find(library, upload.owner, *piece).await?;
        if piece.state != State::Complete || piece.kind != Kind::Piece {
            return Err(fail(uploads, &upload, "one of its pieces is gone").await?);
        }
        let mut bytes = uploads.content.read(&piece.content, 0..piece.offset);
        while let Some(bytes) = bytes.next().await {
            let bytes = bytes?;
            digest.add(std::slice::from_ref(&bytes));
            writer.write(vec![bytes]).await?;
            if last.elapsed() >= limits::JOIN_PULSE {
                last = Instant::now();
                pulse(library, &upload).await?;
            }
        }
    }
    let length = upload.length.unwrap_or_default();
    let done = complete(uploads, &upload, writer, digest, length).await;
    drop(receiver);
    done
}

/// Says that somebody is at it; refuses if somebody else is.
async fn pulse(library: &Library, upload: &Upload) -> Result<(), Problem> {
    let touch = "UPDATE library_upload SET touched = $3
        WHERE id = $1 AND epoch = $2 AND state = 'joining' RETURNING epoch";
    let touch = Query::new(touch).bind(upload.id).bind(upload.epoch).bind(Time::now());
    match library.call(touch).await?.is_empty() {
        true => Err(refusal::taken_over(upload.offset)),
        false => Ok(()),
    }
}

/// Takes over the joining of an upload that nobody is at any more.
pub(super) async fn take_over(library: &Arc<Library>, id: UploadId) -> Result<(), Problem> {
    // It begins again: the state of the digest is not kept while pieces are joined.
    let take = concat!(
        "UPDATE library_upload SET epoch = epoch + 1, holder = $2, touched = $3, received = 0,
            session = NULL, tail = NULL
         WHERE id = $1 AND state = 'joining' AND touched < $4 RETURNING ",
        super::row::columns!()
    );
    let now = Time::now();
    let take = Query::new(take)
        .bind(id)
        .bind(&*library.uploads.replica)
        .bind(now)
        .bind(now.minus(limits::ABANDONED_TIME));
    let renames = library.uploads.content.names_each_writer();
    let taken = library.database.write(writing(), move |work| {
        Box::pin(async move {
            let Some(row) = work.row(take).await? else { return Ok(None) };
            let mut upload = Upload::of_row(&row)?;
            let forget = Query::new("DELETE FROM library_upload_part WHERE upload = $1");
            work.run(forget.bind(id)).await?;
            if renames {
                lease::rename(work, &mut upload).await?;
            }
            Ok(Some(upload))
        })
    });
    let Some(upload) = taken.await? else { return Ok(()) };
    run(library, upload).await.map(drop)
}
