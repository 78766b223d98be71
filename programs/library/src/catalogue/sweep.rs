//! Removes the bytes of deleted items when their time has come, and links that have ended.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};
use tombolo_storage::{Error, Query};

use super::remove::{remove_all_of, sweep};
use crate::ids::UserId;
use crate::limits;
use crate::state::{Library, writing};
use crate::time::Time;

/// Sweeps until a drain is asked for.
pub(crate) async fn run(library: Arc<Library>) {
    let mut ticks = interval(limits::TIDY_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let shutdown = library.shutdown.clone();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.draining() => return,
        }
        if let Err(error) = sweep(&library.database, &*library.content).await {
            tracing::warn!(%error, "deleted items cannot be swept up; they are tried again");
        }
        if let Err(error) = remove_what_deleted_users_left(&library).await {
            tracing::warn!(%error, "items of deleted users cannot be removed; they are tried again");
        }
        let ended = "DELETE FROM library_link WHERE expires <= $1";
        if let Err(error) = library.call(Query::new(ended).bind(Time::now().millis())).await {
            tracing::warn!(%error, "links that have ended cannot be removed; they are tried again");
        }
    }
}

async fn remove_what_deleted_users_left(library: &Library) -> Result<(), Error> {
    let owners = "SELECT u.id FROM library_user AS u WHERE u.deleted IS NOT NULL
        AND EXISTS (SELECT 1 FROM library_item AS i WHERE i.owner = u.id) LIMIT $1";
    for row in library.query(Query::new(owners).bind(limits::SWEEP_ROWS)).await? {
        let owner = UserId::of_row(&row, 0)?;
        let mut has_more = true;
        while has_more && !library.shutdown.is_draining() {
            has_more = library
                .database
                .write(writing(), move |work| {
                    Box::pin(async move { remove_all_of(work, owner).await })
                })
                .await?;
        }
    }
    Ok(())
}
