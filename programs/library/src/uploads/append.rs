//! Adding bytes to an upload: take it over, open its file, receive, and complete it if all is
//! there.

use std::sync::Arc;

use axum::body::Body;
use tokio::time::{Instant, sleep};
use tombolo_serve::Client;

use super::complete::complete;
use super::digest::Checksum;
use super::lease::{self, Taken, take};
use super::limits;
use super::receive::{Received, Receiving};
use super::refusal;
use super::row::{Kind, State, Upload};
use super::{Uploads, commit};
use crate::content::{ContentError, Durable, Writer};
use crate::ids::{UploadId, UserId};
use crate::problem::Problem;
use crate::state::Library;
use crate::transfers::{Begin, Direction, Object, Pass, Ticket};

/// What a request adds.
pub(crate) struct Append {
    /// Where it begins.
    pub(crate) offset: u64,
    /// The length, if the request says it.
    pub(crate) length: Option<u64>,
    pub(crate) checksum: Option<Checksum>,
    /// Whether the upload is complete when the body ends.
    pub(crate) ends: bool,
    pub(crate) body: Body,
    pub(crate) client: Client,
}

/// What became of it.
pub(crate) struct Appended {
    /// Bytes that are acknowledged.
    pub(crate) offset: u64,
    /// The upload, if it is complete now.
    pub(crate) complete: Option<Upload>,
}

/// Adds bytes to an upload that another request may be at. Done to its end even if the client goes.
pub(crate) async fn append(
    library: &Arc<Library>,
    owner: UserId,
    id: UploadId,
    append: Append,
) -> Result<Appended, Problem> {
    let library = Arc::clone(library);
    let work = async move {
        let uploads = &library.uploads;
        let found = super::look::find(&library, owner, id).await?;
        judge(&found, &append)?;
        uploads.active.interrupt(id).await;
        let (ticket, pass) = admitted(&library, &found, append.client).await?;
        let (upload, parts) = match take(uploads, id, owner, Some(append.offset), true).await? {
            Taken::Yes(upload, parts) => (*upload, parts),
            Taken::No(None) => return Err(Problem::not_found()),
            Taken::No(Some(upload)) => {
                judge(&upload, &append)?;
                return Err(refusal::locked());
            }
        };
        let done = receive(&library, upload, parts, append, ticket).await;
        drop(pass);
        done
    };
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Problem::internal()))
}

/// Adds the body of the request that created an upload.
pub(super) async fn append_to_new(
    library: &Arc<Library>,
    upload: Upload,
    append: Append,
) -> Result<Appended, Problem> {
    let library = Arc::clone(library);
    let work = async move {
        let (ticket, pass) = match admitted(&library, &upload, append.client).await {
            Ok(admitted) => admitted,
            Err(problem) => {
                commit::let_go(&library.uploads, &upload).await?;
                return Err(problem);
            }
        };
        let done = receive(&library, upload, Vec::new(), append, ticket).await;
        drop(pass);
        done
    };
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Problem::internal()))
}

/// Whether an upload can be added to, at this offset.
fn judge(upload: &Upload, append: &Append) -> Result<(), Problem> {
    match upload.state {
        State::Failed => return Err(refusal::gone(upload.failure.as_deref())),
        State::Ended | State::Gone => return Err(refusal::gone(None)),
        State::Joining => return Err(refusal::joined()),
        State::Complete if upload.kind == Kind::Joined => return Err(refusal::joined()),
        State::Complete => return Err(refusal::completed(upload.offset)),
        State::Receiving => {}
    }
    if let (Some(before), Some(now)) = (upload.length, append.length)
        && before != now
    {
        return Err(refusal::inconsistent_length());
    }
    match append.length {
        Some(length) if length < append.offset => Err(refusal::inconsistent_length()),
        Some(length) if length > limits::UPLOAD_BYTES => Err(refusal::too_large()),
        // While another request adds, the offset may be about to be the right one.
        _ if upload.offset != append.offset && upload.holder.is_none() => {
            Err(refusal::mismatch(upload.offset, append.offset))
        }
        _ => Ok(()),
    }
}

/// Waits for a place among the transfers.
async fn admitted(
    library: &Library,
    upload: &Upload,
    client: Client,
) -> Result<(Ticket, Pass), Problem> {
    let mut ticket = library.book.begin(Begin {
        direction: Direction::Upload,
        user: Some(upload.owner),
        payer: Some(upload.owner),
        object: Object::Upload(upload.id),
        name: upload.name.clone(),
        total: upload.length,
        client: client.address().to_string(),
    });
    let (user, network) = (Some(upload.owner), client.network());
    let pass = library.admission.enter(library, user, network, &mut ticket).await?;
    Ok((ticket, pass))
}

/// Receives the body of a request that holds the upload.
async fn receive(
    library: &Arc<Library>,
    mut upload: Upload,
    parts: Vec<String>,
    append: Append,
    ticket: Ticket,
) -> Result<Appended, Problem> {
    let uploads = &library.uploads;
    let receiver = uploads.active.begin(upload.id, upload.epoch);
    if upload.offset != append.offset {
        commit::let_go(uploads, &upload).await?;
        return Err(refusal::mismatch(upload.offset, append.offset));
    }
    let before = upload.length;
    upload.length = upload.length.or(append.length);
    if before != upload.length {
        declare_length(uploads, &upload).await?;
    }
    let writer = match open(library, &upload, parts).await {
        Ok(writer) => writer,
        Err(problem) => {
            commit::let_go(uploads, &upload).await?;
            return Err(problem);
        }
    };
    let receiving = Receiving {
        uploads: Arc::clone(uploads),
        upload: upload.clone(),
        writer,
        checksum: append.checksum,
        ends: append.ends,
        receiver,
        ticket,
    };
    let received = receiving.run(append.body).await;
    finish(uploads, &upload, received).await
}

async fn finish(
    uploads: &Uploads,
    upload: &Upload,
    received: Received,
) -> Result<Appended, Problem> {
    let Received { offset, whole, refusal, is_cut, receiver, ticket } = received;
    let Some((writer, digest, length)) = whole else {
        drop(receiver);
        if is_cut {
            tracing::debug!(upload = %upload.id, offset, "a client left before its upload's end");
        }
        return refusal.map_or(Ok(Appended { offset, complete: None }), Err);
    };
    let complete = complete(uploads, upload, writer, digest, length).await;
    drop(receiver);
    match complete {
        Ok(complete) => {
            ticket.complete();
            Ok(Appended { offset: complete.offset, complete: Some(complete) })
        }
        Err(problem) => {
            if problem.status().is_client_error() {
                ticket.fail();
            }
            Err(problem)
        }
    }
}

/// Notes a length that was not known, and reserves the owner's quota for it.
async fn declare_length(uploads: &Uploads, upload: &Upload) -> Result<(), Problem> {
    let Upload { session, tail, .. } = upload.clone();
    let durable = Durable { offset: upload.offset, session, tail, new_parts: Vec::new() };
    let step = commit::Step {
        id: upload.id,
        owner: upload.owner,
        epoch: upload.epoch,
        durable,
        digest: upload.digest.clone(),
        length: upload.length,
        holder: upload.holder.clone(),
    };
    match commit::step(uploads, step).await? {
        commit::Stepped::Done(_) => Ok(()),
        commit::Stepped::Stale => Err(refusal::taken_over(upload.offset)),
        commit::Stepped::Exceeded(exceeded) => {
            commit::let_go(uploads, upload).await?;
            Err(refusal::quota(&exceeded, upload.length.unwrap_or_default()))
        }
    }
}

/// Opens an upload's bytes for writing; waits for another replica that was fenced off to let go.
/// Then this request may itself have been fenced off, which is looked at under the lock: a writer
/// that goes on from here is the only one until it lets go.
pub(super) async fn open(
    library: &Library,
    upload: &Upload,
    parts: Vec<String>,
) -> Result<Box<dyn Writer>, Problem> {
    let (place, kept) = (upload.place(), upload.kept(parts));
    let until = Instant::now() + limits::LOCK_TIME;
    let mut writer = loop {
        match library.content.open(&place, kept.clone()).await {
            Err(ContentError::Busy) if Instant::now() < until => sleep(limits::LOCK_PAUSE).await,
            opened => break opened?,
        }
    };
    if !lease::is_held(library, upload).await? {
        return Err(refusal::taken_over(upload.offset));
    }
    writer.begin().await?;
    Ok(writer)
}
