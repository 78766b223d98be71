//! The bus of several machines: LISTEN and NOTIFY. Notices are sent outside of the transactions
//! that write, a batch at a time: NOTIFY takes a lock at commit that the whole server shares.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tombolo_storage::{Database, Deadline, Error, Query};

use super::{Notice, gather};
use crate::limits;

const CHANNEL: &str = "tombolo_chat";

/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn join(
    database: &Database,
    outgoing: mpsc::Receiver<Notice>,
    incoming: mpsc::Sender<Option<Notice>>,
) -> Vec<JoinHandle<()>> {
    let (speaking, listening) = (database.for_follower(), database.clone());
    vec![tokio::spawn(speak(speaking, outgoing)), tokio::spawn(listen(listening, incoming))]
}

async fn speak(database: Database, mut outgoing: mpsc::Receiver<Notice>) {
    while let Some(notices) = gather(&mut outgoing).await {
        let texts: Vec<String> = notices.into_iter().filter_map(Notice::write).collect();
        let notify = "SELECT pg_notify($1, text) FROM json_array_elements_text($2::json) AS text";
        let notify = Query::new(notify).bind(CHANNEL).bind(serde_json::json!(texts).to_string());
        // Not as a write: it changes nothing, and must not take a writer's place.
        if let Err(error) = database.query(Deadline::after(limits::READ_TIME), notify).await {
            tracing::debug!(%error, "a notice was not sent; the others will look for themselves");
        }
    }
}

async fn listen(database: Database, incoming: mpsc::Sender<Option<Notice>>) {
    loop {
        if let Err(error) = listen_once(&database, &incoming).await {
            tracing::debug!(%error, "no wake-up from other replicas: polling meanwhile");
        }
        sleep(PAUSE).await;
    }
}

async fn listen_once(
    database: &Database,
    incoming: &mpsc::Sender<Option<Notice>>,
) -> Result<(), Error> {
    let deadline = Deadline::after(limits::READ_TIME);
    let Some(mut listener) = database.listen(CHANNEL, deadline).await? else { return Ok(()) };
    let _ = incoming.try_send(None);
    loop {
        // An error: the connection was lost, and what was sent meanwhile with it.
        let payload = listener.next().await?;
        if let Some(notice) = Notice::read(payload.as_bytes()) {
            // When nobody reads fast enough, polling makes up for it.
            let _ = incoming.try_send(Some(notice));
        }
    }
}
