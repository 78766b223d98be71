//! Looks into the content of new items, once: what it is by its first bytes, a small picture if it is an
//! image, and how long sound and moving pictures last. Any replica does it; one that dies in between leaves it to another.

use std::io;
use std::sync::Arc;

use futures_util::StreamExt;
use tokio::time::{MissedTickBehavior, interval};
use tombolo_storage::{Error, Query};

use super::edit::write;
use super::find;
use super::item::Item;
use super::kinds::Kind;
use super::lengths;
use super::media_types::{self, recognise};
use super::thumbnails::{self, Made};
use crate::ids::ItemId;
use crate::limits;
use crate::state::{Library, writing};
use crate::time::Time;

/// Looks into new items until a drain is asked for.
pub(crate) async fn run(library: Arc<Library>) {
    let mut ticks = interval(limits::INSPECTION_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let shutdown = library.shutdown.clone();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.draining() => return,
        }
        loop {
            match claim(&library).await {
                Ok(items) if items.is_empty() => break,
                Ok(items) => {
                    for id in items {
                        if shutdown.is_draining() {
                            return;
                        }
                        if let Err(error) = inspect(&library, id).await {
                            tracing::warn!(item = %id, %error,
                                "an item cannot be looked into; it is tried again later");
                        }
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "new items cannot be read now");
                    break;
                }
            }
        }
    }
}

/// Takes some items that nobody looks into.
async fn claim(library: &Library) -> Result<Vec<ItemId>, Error> {
    let now = Time::now();
    let claim = Query::of_each(
        "UPDATE library_item SET inspected = $1 WHERE seq IN (
            SELECT seq FROM library_item WHERE inspected >= 0 AND inspected < $2
            ORDER BY inspected LIMIT $3)
        RETURNING id",
        "UPDATE library_item SET inspected = $1 WHERE seq IN (
            SELECT seq FROM library_item WHERE inspected >= 0 AND inspected < $2
            ORDER BY inspected LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING id",
    );
    let waiting = "SELECT 1 FROM library_item WHERE inspected >= 0 AND inspected < $1 LIMIT 1";
    let before = now.minus(limits::INSPECTION_TIME).millis();
    // A read first: most of the time there is nothing, and a write would wait for others.
    if library.query(Query::new(waiting).bind(before)).await?.is_empty() {
        return Ok(Vec::new());
    }
    let claim = claim.bind(now.millis()).bind(before).bind(limits::INSPECTIONS);
    let rows = library.call(claim).await?;
    rows.iter().map(|row| ItemId::of_row(row, 0)).collect()
}

/// Why an item could not be looked into.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Database(#[from] Error),
    #[error("its content: {0}")]
    Content(#[from] io::Error),
}

async fn inspect(library: &Library, id: ItemId) -> Result<(), Failed> {
    let found = library
        .database
        .read(writing(), move |work| Box::pin(async move { find(work, id).await }))
        .await?;
    let Some(item) = found else { return Ok(()) };
    let media_type = recognise(&first_bytes(library, &item).await?, Some(&item.media_type));
    let is_small = item.size <= limits::PICTURE_FILE_BYTES;
    let mut picture = None;
    if is_small && library.thumbnails.are_made() && thumbnails::can_show(&media_type) {
        let image = library.content.read(&item.content, 0..item.size);
        match library.thumbnails.make(image).await? {
            Made::Picture(bytes) => picture = Some(bytes),
            Made::Impossible(words) => {
                tracing::info!(item = %id, words, "no thumbnail can be made");
            }
        }
    }
    let mut length = None;
    if item.length.is_none() && lengths::has_length(&media_type) {
        length = library.lengths.measure(&*library.content, &item.content, item.size).await?;
    }
    note(library, id, Found { media_type, picture, length }).await?;
    Ok(())
}

async fn first_bytes(library: &Library, item: &Item) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut stream = library.content.read(&item.content, 0..item.size.min(limits::SIGNATURE_BYTES));
    while let Some(more) = stream.next().await {
        bytes.extend_from_slice(&more.map_err(io::Error::other)?);
    }
    Ok(bytes)
}

/// What was found.
struct Found {
    media_type: String,
    picture: Option<Vec<u8>>,
    /// Seconds.
    length: Option<u64>,
}

/// Writes what was found. What the owner has changed meanwhile stays.
async fn note(library: &Library, id: ItemId, found: Found) -> Result<(), Error> {
    let Found { media_type, picture, length } = found;
    library
        .database
        .write(writing(), move |work| {
            Box::pin(async move {
                let done = "UPDATE library_item SET inspected = -1 WHERE id = $1 RETURNING seq";
                let Some(row) = work.row(Query::new(done).bind(id)).await? else { return Ok(()) };
                let Some(mut item) = find(work, id).await? else { return Ok(()) };
                if let Some(picture) = picture {
                    let keep =
                        "INSERT INTO library_thumbnail (item, image, made) VALUES ($1, $2, $3)
                        ON CONFLICT (item) DO UPDATE SET image = excluded.image";
                    let keep = Query::new(keep).bind(id).bind(picture).bind(Time::now().millis());
                    work.run(keep).await?;
                }
                let kind = Kind::of_media_type(&media_type);
                let is_typed =
                    media_types::essence(&item.media_type) == media_type && item.kind == kind;
                if !is_typed || (length.is_some() && item.length.is_none()) {
                    (item.media_type, item.kind) = (media_type, kind);
                    item.length = item.length.or(length);
                    write(work, row.get(0)?, &item).await?;
                }
                Ok(())
            })
        })
        .await
}
