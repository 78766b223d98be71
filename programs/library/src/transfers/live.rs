//! What changes, read once a second for all event streams of a replica, and only while there are
//! any.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tombolo_storage::{Error, Query, Row};

use super::row::{Presence, TransferBody, UserBody, freshness, select_transfers};
use crate::ids::UserId;
use crate::limits;
use crate::state::Library;
use crate::time::Time;

/// What was touched lately, and who is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately {
    pub(super) transfers: Vec<TransferBody>,
    pub(super) online: Vec<UserBody>,
}

/// The news of a replica.
#[derive(Debug)]
pub(crate) struct Live {
    news: watch::Sender<Arc<Lately>>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { news: watch::Sender::new(Arc::default()) }
    }

    /// Follows the news.
    pub(super) fn follow(&self) -> watch::Receiver<Arc<Lately>> {
        self.news.subscribe()
    }

    /// Reads what is new until a drain is asked for.
    pub(crate) async fn run(library: Arc<Library>) {
        let mut ticks = interval(limits::TRANSFER_TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = library.shutdown.clone();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.draining() => return,
            }
            if library.live.news.is_closed() {
                continue;
            }
            match lately(&library).await {
                Ok(lately) => drop(library.live.news.send_replace(Arc::new(lately))),
                Err(error) => tracing::debug!(%error, "what is new cannot be read now"),
            }
        }
    }
}

async fn lately(library: &Library) -> Result<Lately, Error> {
    let (fresh, online) = freshness();
    // Longer than it takes until a transfer that nobody moves counts as disconnected.
    let since = Time::now().minus(limits::TRANSFER_FRESH.saturating_mul(3)).millis();
    let query = select_transfers!("WHERE t.updated > $3 ORDER BY t.updated DESC LIMIT $4");
    let query = Query::new(query).bind(fresh).bind(online).bind(since);
    let rows = library.query(query.bind(limits::LIVE_ROWS)).await?;
    let transfers = rows.iter().map(TransferBody::of_row).collect::<Result<_, _>>()?;
    let query = "SELECT u.id, u.name FROM library_presence AS o
        JOIN library_user AS u ON u.id = o.user_id WHERE o.seen > $1 ORDER BY u.id LIMIT $2";
    let rows = library.query(Query::new(query).bind(online).bind(limits::LIVE_ROWS)).await?;
    let user = |row: &Row| {
        Ok(UserBody { id: UserId::of_row(row, 0)?, name: row.get(1)?, state: Presence::Online })
    };
    let online = rows.iter().map(user).collect::<Result<_, Error>>()?;
    Ok(Lately { transfers, online })
}
