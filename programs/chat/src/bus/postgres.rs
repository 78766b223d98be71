//! The bus of several machines: LISTEN and NOTIFY. Notices are sent outside of the transactions
//! that write, a batch at a time: NOTIFY takes a lock at commit that the whole server shares.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Notice, gather};

const CHANNEL: &str = "tombolo_chat";

/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn join(
    pool: &PgPool,
    outgoing: mpsc::Receiver<Notice>,
    incoming: mpsc::Sender<Option<Notice>>,
) -> Vec<JoinHandle<()>> {
    vec![tokio::spawn(speak(pool.clone(), outgoing)), tokio::spawn(listen(pool.clone(), incoming))]
}

async fn speak(pool: PgPool, mut outgoing: mpsc::Receiver<Notice>) {
    while let Some(notices) = gather(&mut outgoing).await {
        let texts: Vec<String> = notices.into_iter().filter_map(Notice::write).collect();
        let notify = "SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text";
        if let Err(error) = sqlx::query(notify).bind(CHANNEL).bind(texts).execute(&pool).await {
            tracing::debug!(%error, "a notice was not sent; the others will look for themselves");
        }
    }
}

async fn listen(pool: PgPool, incoming: mpsc::Sender<Option<Notice>>) {
    loop {
        if let Err(error) = listen_once(&pool, &incoming).await {
            tracing::debug!(%error, "no wake-up from other replicas: polling meanwhile");
        }
        sleep(PAUSE).await;
    }
}

async fn listen_once(
    pool: &PgPool,
    incoming: &mpsc::Sender<Option<Notice>>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    let _ = incoming.try_send(None);
    // None: the connection was lost, and what was sent meanwhile with it.
    while let Some(notification) = listener.try_recv().await? {
        if let Some(notice) = Notice::read(notification.payload().as_bytes()) {
            // When nobody reads fast enough, polling makes up for it.
            let _ = incoming.try_send(Some(notice));
        }
    }
    Ok(())
}
