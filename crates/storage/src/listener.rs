//! Notifications of PostgreSQL (`LISTEN`), and whether the connection still carries them.

use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{timeout, timeout_at};

use crate::deadline::Deadline;
use crate::error::Error;
use crate::limits;

/// A channel that is listened on, over a connection of its own.
#[derive(Debug)]
pub struct Listener {
    listener: PgListener,
}

/// A connection that carried nothing for so long is asked whether it is alive: a listener would
/// wait for ever on one that something in between has forgotten.
const SILENCE: Duration = Duration::from_secs(10);

impl Listener {
    pub(crate) async fn connect(
        options: &PgConnectOptions,
        channel: &str,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let deadline = deadline.at_most(limits::CONNECT_TIME);
        let connecting = async {
            // The driver's listener lives in a pool; this one has nobody else in it.
            let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.ignore_pool_close_event(true);
            listener.listen(channel).await?;
            Ok(Self { listener })
        };
        match timeout_at(deadline.instant(), connecting).await {
            Ok(connected) => connected.map_err(Error::connecting),
            Err(_) => Err(Error::NoConnection),
        }
    }

    /// Waits for the next notification and gives its payload. Safe to drop and call again.
    ///
    /// # Errors
    /// When the connection was lost, and what was sent meanwhile with it: listen again.
    pub async fn next(&mut self) -> Result<String, Error> {
        loop {
            match timeout(SILENCE, self.listener.try_recv()).await {
                Ok(Ok(Some(notification))) => return Ok(notification.payload().to_owned()),
                Ok(Ok(None)) => return Err(Error::NoConnection),
                Ok(Err(error)) => return Err(Error::driver(error)),
                Err(_) => {
                    let alive = self.listener.execute("SELECT 1");
                    match timeout(limits::PING_TIME, alive).await {
                        Ok(Ok(_)) => {}
                        Ok(Err(error)) => return Err(Error::driver(error)),
                        Err(_) => return Err(Error::NoConnection),
                    }
                }
            }
        }
    }
}
