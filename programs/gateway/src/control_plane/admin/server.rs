//! The accept loop of the admin API: a task for each connection, so many at a time (`places.rs`).

use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{sleep, timeout};

use super::deadline::WriteDeadline;
use super::limits;
use super::places::{Place, Places};

/// Serves connections for as long as it is awaited.
pub(super) async fn serve(listener: impl Accept, router: Router) {
    let places = Places::new(limits::CONNECTIONS);
    loop {
        match listener.accept().await {
            Ok(stream) => {
                places.make_room().await;
                let place = Arc::new(Place::default());
                let router = router.clone().layer(Extension(Arc::clone(&place)));
                let (mine, all) = (Arc::clone(&place), Arc::clone(&places));
                let task = tokio::spawn(async move {
                    connection(stream, router).await;
                    all.leave(&mine);
                });
                places.take(place, task.abort_handle());
            }
            Err(error) => {
                // Often a full file table: the connection stays in the system's queue meanwhile.
                tracing::warn!(%error, "the admin API cannot accept a connection, trying again");
                sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Where connections come from.
pub(super) trait Accept {
    /// One of them.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>>;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot turn Nagle's algorithm off");
        }
        Ok(stream)
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(UnixListener::accept(self).await?.0)
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME)
        .max_buf_size(limits::HEAD_BYTES)
        .max_headers(limits::HEAD_FIELDS)
        .serve_connection(
            TokioIo::new(WriteDeadline::new(stream, limits::WRITE_TIME)),
            TowerToHyperService::new(router),
        );
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = sleep(limits::CONNECTION_TIME) => {
            connection.as_mut().graceful_shutdown();
            timeout(limits::LAST_ANSWER_TIME, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the admin API ended early");
    }
}
