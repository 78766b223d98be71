//! Deleting items: the row goes at once, and with it the item from every list and its links; the
//! bytes go later, when no download of them can be under way any more. Until then they count against
//! their owner's plan: else a plan could be exceeded by as much as can be sent and deleted meanwhile.

use tombolo_storage::{Database, Deadline, Error, Query, Work};

use super::edit::Edited;
use super::find;
use super::item::Item;
use super::visibility::Viewer;
use crate::content::Content;
use crate::ids::{ContentId, ItemId, UserId};
use crate::limits;
use crate::plans::quota;
use crate::time::Time;

/// Deletes an item.
pub(crate) async fn remove(
    work: &mut Work<'_>,
    id: ItemId,
    viewer: &Viewer,
) -> Result<Edited, Error> {
    // The row is locked before it is read.
    let lock = Query::new("UPDATE library_item SET updated = updated WHERE id = $1");
    work.run(lock.bind(id)).await?;
    let Some(item) = find(work, id).await? else { return Ok(Edited::Missing) };
    let owner = item.owner.to_string();
    if !viewer.changes(&owner) {
        work.undo();
        let sees = viewer.sees(&owner, item.visibility);
        return Ok(if sees { Edited::Forbidden } else { Edited::Missing });
    }
    bury(work, &item).await?;
    Ok(Edited::Done(Box::new(item)))
}

/// Deletes all items of a user that is deleted, at most so many at a time; tells whether there may
/// be more.
pub(crate) async fn remove_all_of(work: &mut Work<'_>, owner: UserId) -> Result<bool, Error> {
    let items = Query::new("SELECT i.id FROM library_item AS i WHERE i.owner = $1 LIMIT $2");
    let rows = work.rows(items.bind(owner).bind(limits::SWEEP_ROWS)).await?;
    for row in &rows {
        if let Some(item) = find(work, ItemId::of_row(row, 0)?).await? {
            bury(work, &item).await?;
        }
    }
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limits::SWEEP_ROWS)
}

async fn bury(work: &mut Work<'_>, item: &Item) -> Result<(), Error> {
    let due = Time::now().plus(limits::TOMBSTONE_TIME).millis();
    let bury = "INSERT INTO library_tombstone (content, item, due, owner, size)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (content) DO NOTHING";
    let size = i64::try_from(item.size).unwrap_or(i64::MAX);
    let bury = Query::new(bury).bind(item.content).bind(item.id).bind(due);
    work.run(bury.bind(item.owner).bind(size)).await?;
    for text in [
        "DELETE FROM library_term WHERE item = (SELECT seq FROM library_item WHERE id = $1)",
        "DELETE FROM library_thumbnail WHERE item = $1",
        "DELETE FROM library_link WHERE item = $1",
        "DELETE FROM library_item WHERE id = $1",
    ] {
        work.run(Query::new(text).bind(item.id)).await?;
    }
    Ok(())
}

/// Has an object removed that a writer may have left, or may still leave, in an object store.
pub(crate) async fn bury_object(work: &mut Work<'_>, content: ContentId) -> Result<(), Error> {
    let due = Time::now().plus(limits::TOMBSTONE_TIME).millis();
    let bury = "INSERT INTO library_tombstone (content, item, due, owner, size)
        VALUES ($1, '', $2, '', 0) ON CONFLICT (content) DO NOTHING";
    work.run(Query::new(bury).bind(content).bind(due)).await.map(drop)
}

/// Removes the bytes of items that were deleted long enough ago; tells how many. A row goes after
/// its bytes: to remove what is not there is no error, so any replica may do it again.
pub(crate) async fn sweep(database: &Database, content: &dyn Content) -> Result<u64, Error> {
    let due = Query::new("SELECT content FROM library_tombstone WHERE due <= $1 LIMIT $2")
        .bind(Time::now().millis())
        .bind(limits::SWEEP_ROWS);
    let mut removed = 0_u64;
    for row in database.query(Deadline::after(limits::WRITE_TIME), due).await? {
        let id = ContentId::of_row(&row, 0)?;
        if let Err(error) = content.delete(&id).await {
            tracing::warn!(content = %id, %error, "the bytes of a deleted item cannot be removed");
            continue;
        }
        let deadline = Deadline::after(limits::WRITE_TIME);
        database.write(deadline, move |work| Box::pin(forget(work, id))).await?;
        removed = removed.saturating_add(1);
    }
    Ok(removed)
}

/// Forgets content whose bytes are removed, and gives its owner their room back: once, however many
/// replicas have removed it.
async fn forget(work: &mut Work<'_>, id: ContentId) -> Result<(), Error> {
    let forget = "DELETE FROM library_tombstone WHERE content = $1 RETURNING owner, size";
    let Some(row) = work.row(Query::new(forget).bind(id)).await? else { return Ok(()) };
    let (owner, size): (String, i64) = (row.get(0)?, row.get(1)?);
    match (owner.parse::<UserId>(), u64::try_from(size)) {
        (Ok(owner), Ok(size)) if size > 0 => quota::remove(work, owner, size).await,
        // A row of an older program, which gave the room back at the deletion.
        _ => Ok(()),
    }
}
