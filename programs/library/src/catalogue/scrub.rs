//! Reads all content again, slowly and for ever, and compares it with its digest: bytes rot on disks,
//! and are best found out about while there is a backup. Damage is told in the log, in the item and
//! in the statistics; content that reads whole again is no longer damaged.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, sleep_until};
use tombolo_storage::{Error, Query};

use super::find;
use super::item::Item;
use crate::content::ContentError;
use crate::ids::ItemId;
use crate::limits;
use crate::state::{Library, writing};
use crate::time::Time;

/// Scrubs until a drain is asked for.
pub(crate) async fn run(library: Arc<Library>) {
    let shutdown = library.shutdown.clone();
    tokio::select! {
        () = shutdown.draining() => {}
        () = scrub(&library) => {}
    }
}

async fn scrub(library: &Library) {
    loop {
        match claim(library).await {
            Ok(Some(item)) => {
                if let Err(error) = check(library, item).await {
                    tracing::warn!(%error, "what a scrub has found cannot be written");
                }
            }
            Ok(None) => sleep(limits::SCRUB_PAUSE).await,
            Err(error) => {
                tracing::debug!(%error, "items to scrub cannot be read now");
                sleep(limits::SCRUB_PAUSE).await;
            }
        }
    }
}

/// Takes the item that was not looked at for longest, if that is long enough. A replica that dies
/// meanwhile leaves it for the next round.
pub(super) async fn claim(library: &Library) -> Result<Option<Item>, Error> {
    let now = Time::now();
    let before = now.minus(limits::SCRUB_PERIOD).millis();
    let claim = Query::of_each(
        "UPDATE library_item SET scrubbed = $1 WHERE seq = (
            SELECT seq FROM library_item WHERE scrubbed < $2 ORDER BY scrubbed LIMIT 1)
        RETURNING id",
        "UPDATE library_item SET scrubbed = $1 WHERE seq = (
            SELECT seq FROM library_item WHERE scrubbed < $2 ORDER BY scrubbed LIMIT 1
            FOR UPDATE SKIP LOCKED)
        RETURNING id",
    );
    let waiting = Query::new("SELECT 1 FROM library_item WHERE scrubbed < $1 LIMIT 1");
    if library.query(waiting.bind(before)).await?.is_empty() {
        return Ok(None);
    }
    let rows = library.call(claim.bind(now.millis()).bind(before)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let id = ItemId::of_row(row, 0)?;
    library
        .database
        .read(writing(), move |work| Box::pin(async move { find(work, id).await }))
        .await
}

/// What content turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Whole,
    Damaged,
    /// It could not be read now: nothing is known.
    Unknown,
}

/// Reads an item's content and notes whether it is whole.
pub(super) async fn check(library: &Library, item: Item) -> Result<(), Error> {
    let finding = read(library, &item).await;
    match finding {
        Finding::Unknown => return Ok(()),
        Finding::Whole if item.damaged.is_none() => return Ok(()),
        Finding::Whole => {
            tracing::info!(item = %item.id, "content that was damaged is whole again");
        }
        Finding::Damaged => tracing::error!(item = %item.id, content = %item.content,
            bytes = item.size, "content is damaged: its bytes differ from their digest; restore it \
            from a backup"),
    }
    note(library, item.id, finding == Finding::Damaged).await
}

async fn note(library: &Library, id: ItemId, is_damaged: bool) -> Result<(), Error> {
    let now = is_damaged.then(|| Time::now().millis());
    // The moment of the first finding stays.
    let note = "UPDATE library_item
        SET damaged = CASE WHEN $2 IS NULL THEN NULL ELSE coalesce(damaged, $2) END
        WHERE id = $1";
    let note = Query::of_each(
        note,
        "UPDATE library_item
        SET damaged = CASE WHEN $2::bigint IS NULL THEN NULL ELSE coalesce(damaged, $2) END
        WHERE id = $1",
    );
    library.call(note.bind(id).bind(now)).await.map(drop)
}

/// Reads content as slowly as is asked for.
async fn read(library: &Library, item: &Item) -> Finding {
    let mut digest = Sha256::new();
    let mut bytes = 0_u64;
    let mut stream = library.content.read(&item.content, 0..item.size);
    let mut pace = Instant::now();
    while let Some(more) = stream.next().await {
        let more = match more {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(item = %item.id, %error, "content cannot be read for a scrub");
                return if matches!(error, ContentError::Missing(_)) {
                    Finding::Damaged
                } else {
                    Finding::Unknown
                };
            }
        };
        digest.update(&more);
        let length = u64::try_from(more.len()).unwrap_or(u64::MAX);
        bytes = bytes.saturating_add(length);
        let micros = length.saturating_mul(1_000_000) / limits::SCRUB_BYTES_PER_SECOND;
        pace = pace.checked_add(Duration::from_micros(micros)).unwrap_or(pace);
        sleep_until(pace).await;
    }
    let is_whole = bytes == item.size && <[u8; 32]>::from(digest.finalize()) == item.sha256;
    if is_whole { Finding::Whole } else { Finding::Damaged }
}
