//! What is over and old goes; what nobody has gone on with for a day has failed. Only rows that no
//! replica has touched for that long: what is alive anywhere is left alone.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};
use tombolo_storage::{Deadline, Error, Query, Work};

use super::allowance::month;
use crate::ids::UserId;
use crate::limits;
use crate::state::Library;
use crate::time::Time;

/// Tidies up until a drain is asked for.
pub(crate) async fn tidy(library: Arc<Library>) {
    let mut ticks = interval(limits::TIDY_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let shutdown = library.shutdown.clone();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.draining() => return,
        }
        if let Err(error) = once(&library).await {
            tracing::warn!(%error, "old transfers cannot be tidied up; they are tried again");
        }
    }
}

/// Forgets a deleted user's addresses and when they were there. What they moved stays, for reports.
pub(crate) async fn forget(work: &mut Work<'_>, user: UserId) -> Result<(), Error> {
    let forget =
        Query::new("UPDATE library_transfer SET client = '', name = '' WHERE user_id = $1");
    work.run(forget.bind(user)).await?;
    let forget = Query::new("DELETE FROM library_allowance WHERE user_id = $1");
    work.run(forget.bind(user)).await?;
    let forget = Query::new("DELETE FROM library_presence WHERE user_id = $1");
    work.run(forget.bind(user)).await.map(drop)
}

/// Tidies up once.
pub(super) async fn once(library: &Library) -> Result<(), Error> {
    let (now, month) = (Time::now(), month());
    let ended = now.minus(limits::TRANSFER_LINGER.saturating_mul(4)).millis();
    let stale = now.minus(limits::TRANSFER_ABANDONED).millis();
    let old = now.minus(limits::TRANSFER_KEPT).millis();
    let deadline = Deadline::after(limits::WRITE_TIME);
    library
        .database
        .write(deadline, move |work| {
            Box::pin(async move {
                // One replica at a time: parts must not be added up twice.
                work.run(Query::new("UPDATE library_state SET one = one")).await?;
                let fail = "UPDATE library_transfer SET state = 'failed'
                    WHERE state = 'open' AND updated < $1";
                work.run(Query::new(fail).bind(stale)).await?;
                // The parts of what is over become one number.
                let fold = "UPDATE library_transfer SET base = base + (
                        SELECT CAST(coalesce(sum(p.bytes), 0) AS BIGINT)
                        FROM library_transfer_part AS p WHERE p.transfer = library_transfer.id)
                    WHERE state <> 'open' AND updated < $1 AND EXISTS (
                        SELECT 1 FROM library_transfer_part AS p
                        WHERE p.transfer = library_transfer.id)";
                work.run(Query::new(fold).bind(ended)).await?;
                let forget = "DELETE FROM library_transfer_part WHERE transfer IN (
                    SELECT id FROM library_transfer WHERE state <> 'open' AND updated < $1)";
                work.run(Query::new(forget).bind(ended)).await?;
                let forget = "DELETE FROM library_transfer WHERE id IN (SELECT id
                    FROM library_transfer WHERE state <> 'open' AND updated < $1 LIMIT $2)";
                work.run(Query::new(forget).bind(old).bind(limits::SWEEP_ROWS)).await?;
                let forget = "DELETE FROM library_allowance WHERE month < $1";
                work.run(Query::new(forget).bind(month)).await?;
                let forget = "DELETE FROM library_presence WHERE seen < $1";
                work.run(Query::new(forget).bind(old)).await.map(drop)
            })
        })
        .await
}
