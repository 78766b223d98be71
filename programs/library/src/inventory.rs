//! Which files the library's tables name: for backups.
//!
//! | rows | their file |
//! |---|---|
//! | items, complete pieces | complete content, which never changes |
//! | uploads under way | as many bytes as are acknowledged; what comes later is written behind them |
//!
//! Uploads that failed, ended or expired, and content of deleted items, are named no more.

use tombolo_storage::{Error, Inventory, Row, Stored};

use crate::content::{incoming, object};
use crate::ids::{ContentId, UploadId};

/// How a backup finds the library's files.
pub const INVENTORY: Inventory = Inventory {
    table: "library_upload",
    statements: &[
        "SELECT id, content, size, sha256, '' AS incoming FROM library_item
         WHERE id > $1 ORDER BY id LIMIT $2",
        "SELECT id, content, received, sha256,
            CASE WHEN state = 'complete' THEN '' ELSE id END AS incoming
         FROM library_upload WHERE id > $1 AND received > 0
         AND (state IN ('receiving', 'joining') OR (state = 'complete' AND kind = 'piece'))
         ORDER BY id LIMIT $2",
    ],
    file,
};

const BAD: Error = Error::Program { words: "the size of a file in the database cannot be read" };

fn file(row: &Row) -> Result<Stored, Error> {
    let complete = object(&ContentId::of_row(row, 1)?);
    let bytes = u64::try_from(row.get::<i64>(2)?).map_err(|_| BAD)?;
    let sha256: Option<Vec<u8>> = row.get(3)?;
    let sha256 = sha256.map(|bytes| bytes.try_into().map_err(|_| BAD)).transpose()?;
    if row.get::<String>(4)?.is_empty() {
        return Ok(Stored { path: complete, moved_to: None, bytes, sha256 });
    }
    // It may be complete by now, or have been on its way there.
    let path = incoming(&UploadId::of_row(row, 4)?);
    Ok(Stored { path, moved_to: Some(complete), bytes, sha256: None })
}
