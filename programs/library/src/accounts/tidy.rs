//! Removes what is over: sessions that expired, tries that are forgotten, networks that nobody uses.

use std::sync::Arc;

use tombolo_storage::{Error, Query};

use crate::limits;
use crate::state::Library;
use crate::time::Time;

/// A few at a time, so that no other writer waits for long.
const SESSIONS: &str = "DELETE FROM library_session WHERE token IN
    (SELECT token FROM library_session WHERE expires <= $1 ORDER BY expires LIMIT 500)";
const TRIES: &str = "DELETE FROM library_throttle WHERE key IN
    (SELECT key FROM library_throttle WHERE free_at <= $1 ORDER BY free_at LIMIT 500)";

const NETWORKS: &str = "DELETE FROM library_known_network WHERE seen <= $1";

/// Goes on until a drain is asked for. Each replica does it; what one removed the next does not
/// find.
pub(crate) async fn tidy(library: Arc<Library>) {
    loop {
        tokio::select! {
            () = library.shutdown.draining() => return,
            () = tokio::time::sleep(limits::TIDY_PERIOD) => {}
        }
        if let Err(error) = remove(&library).await {
            tracing::warn!(%error, "sessions that are over could not be removed");
        }
    }
}

async fn remove(library: &Library) -> Result<(), Error> {
    for statement in [SESSIONS, TRIES] {
        library.call(Query::new(statement).bind(Time::now())).await?;
    }
    let long_ago = Time::now().minus(limits::KNOWN_TIME);
    library.call(Query::new(NETWORKS).bind(long_ago)).await?;
    Ok(())
}
