//! The accept loop: connections in, connections served, connections drained.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tombolo_daemon::shutdown::Shutdown;

use crate::limits;
use crate::site::Site;
use crate::watch::{Exchanges, Patience, Watched};

/// A replica's connections.
pub(crate) struct Server {
    site: Arc<Site>,
    listener: TcpListener,
    shutdown: Shutdown,
    patience: Patience,
    places: Arc<Semaphore>,
    connections: JoinSet<()>,
}

impl Server {
    /// A server for the connections of `listener`.
    pub(crate) fn new(
        site: Site,
        listener: TcpListener,
        shutdown: Shutdown,
        patience: Patience,
    ) -> Self {
        Self {
            site: Arc::new(site),
            listener,
            shutdown,
            patience,
            places: Arc::new(Semaphore::new(limits::CONNECTIONS)),
            connections: JoinSet::new(),
        }
    }

    /// Serves until a drain is asked for, then drains within `drain`.
    pub(crate) async fn run(mut self, drain: Duration) {
        let shutdown = self.shutdown.clone();
        let mut draining = pin!(shutdown.draining());
        loop {
            tokio::select! {
                biased;
                () = &mut draining => break,
                Some(_) = self.connections.join_next() => {}
                accepted = accept(&self.listener, &self.places) => self.serve(accepted),
            }
        }
        self.drain(drain).await;
    }

    /// Finishes what is under way. For half of the time new connections are still taken, so that
    /// `/health` can say that we are draining; then only the old ones are waited for.
    async fn drain(mut self, limit: Duration) {
        tracing::info!(connections = self.connections.len(), ?limit, "draining");
        let start = Instant::now();
        let at_once = self.shutdown.clone();
        let mut at_once = pin!(at_once.now());
        let mut last_call = pin!(tokio::time::sleep_until(start + limit / 2));
        let mut over = pin!(tokio::time::sleep_until(start + limit));
        let mut accepting = true;
        self.take_backlog().await;
        while !self.connections.is_empty() {
            tokio::select! {
                biased;
                () = &mut at_once => break,
                () = &mut over => break,
                Some(_) = self.connections.join_next() => {}
                () = &mut last_call, if accepting => accepting = false,
                accepted = accept(&self.listener, &self.places), if accepting => self.serve(accepted),
            }
        }
        match self.connections.len() {
            0 => tracing::info!("drained"),
            cut => tracing::warn!(connections = cut, "the drain is over, connections are cut"),
        }
        self.connections.shutdown().await;
    }

    /// Takes the connections that the system has accepted for us already: their clients believe
    /// that they are being served.
    async fn take_backlog(&mut self) {
        loop {
            tokio::select! {
                biased;
                accepted = accept(&self.listener, &self.places) => self.serve(accepted),
                () = std::future::ready(()) => return,
            }
        }
    }

    /// Serves one connection on a task of its own.
    fn serve(&mut self, (stream, place): (TcpStream, OwnedSemaphorePermit)) {
        let site = Arc::clone(&self.site);
        let shutdown = self.shutdown.clone();
        let patience = self.patience;
        self.connections.spawn(async move {
            if let Err(error) = connection(site, stream, shutdown, patience).await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
}

/// Waits for a place and for a connection to take it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed; if it were, there would be nothing left to accept.
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                // Often a full file table: the connection stays in the backlog meanwhile.
                tracing::warn!(%error, "cannot accept a connection, trying again");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves a connection's requests until it ends or a drain is asked for.
async fn connection(
    site: Arc<Site>,
    stream: TcpStream,
    shutdown: Shutdown,
    mut patience: Patience,
) -> hyper::Result<()> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot turn Nagle's algorithm off");
    }
    let already_draining = shutdown.is_draining();
    if already_draining {
        // Who says nothing must not hold the drain up.
        patience.idle = patience.idle.min(limits::DRAIN_IDLE_TIME);
    }
    let exchanges = Exchanges::default();
    let stream = Watched::new(stream, patience, exchanges.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let exchange = exchanges.begin();
        let site = Arc::clone(&site);
        // The request's body is dropped unread: no method here has a use for one.
        let (head, _) = request.into_parts();
        async move { Ok::<_, Infallible>(site.answer(&head, exchange).await) }
    });
    let connection = http1::Builder::new()
        .half_close(true)
        // Our own watch keeps time.
        .header_read_timeout(None)
        .keep_alive(!already_draining)
        .max_header_size(limits::HEAD_BYTES)
        .max_buf_size(limits::HEAD_BYTES)
        .max_headers(limits::HEAD_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    if !already_draining {
        tokio::select! {
            result = &mut connection => return result,
            () = shutdown.draining() => connection.as_mut().graceful_shutdown(),
        }
    }
    connection.await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use std::io::{Read, Write};
    use std::net::SocketAddr;
    use std::thread;
    use std::time::Instant;
    use tombolo_daemon::shutdown::Trigger;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(200);

    /// A replica of the built-in page, or of a folder, with little patience.
    fn start(patience: Patience, root: Option<std::path::PathBuf>) -> (SocketAddr, Trigger) {
        let (trigger, shutdown) = Shutdown::by_hand();
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let listen = listener.local_addr().unwrap();
                tell.send(listen).unwrap();
                let options = Options { listen, root, replica: None, drain: LONG };
                let site = Site::new(&options, shutdown.clone()).unwrap();
                Server::new(site, listener, shutdown, patience).run(LONG).await;
            });
        });
        (told.recv_timeout(LONG).unwrap(), trigger)
    }

    fn connect(address: SocketAddr) -> std::net::TcpStream {
        let stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// How long it takes until the server closes the connection.
    fn time_to_close(stream: &mut std::net::TcpStream) -> Duration {
        let start = Instant::now();
        // A reset is as good an end as any.
        let _ = stream.read_to_end(&mut Vec::new());
        start.elapsed()
    }

    #[test]
    fn a_client_that_says_nothing_is_cut_off() {
        let patience = Patience { idle: SHORT, head: LONG, write: LONG };
        let (address, _trigger) = start(patience, None);
        assert!(time_to_close(&mut connect(address)) < LONG / 2);
    }

    #[test]
    fn a_head_that_drips_is_cut_off() {
        let patience = Patience { idle: LONG, head: SHORT, write: LONG };
        let (address, _trigger) = start(patience, None);
        let mut stream = connect(address);
        let mut dripping = stream.try_clone().unwrap();
        let drip = thread::spawn(move || {
            let line = b"GET / HTTP/1.1\r\nHost: example.org\r\nX-Slow: ";
            let bytes = line.iter().chain(std::iter::repeat(&b'x')).take(20_000);
            bytes.map(|byte| dripping.write_all(&[*byte])).take_while(Result::is_ok).count()
        });
        assert!(time_to_close(&mut stream) < LONG / 2);
        drop(stream);
        drip.join().unwrap();
    }

    #[test]
    fn an_answered_client_may_rest_for_the_idle_time() {
        let patience = Patience { idle: 4 * SHORT, head: SHORT / 10, write: LONG };
        let (address, _trigger) = start(patience, None);
        let mut stream = connect(address);
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: example.org\r\n\r\n").unwrap();
        let elapsed = time_to_close(&mut stream);
        assert!((3 * SHORT..LONG / 2).contains(&elapsed), "closed after {elapsed:?}");
    }

    #[test]
    fn a_reader_that_takes_nothing_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("large"), vec![1; 15 * 1024 * 1024]).unwrap();
        let patience = Patience { idle: LONG, head: LONG, write: SHORT };
        let (address, trigger) = start(patience, Some(folder.path().to_owned()));
        let mut stream = connect(address);
        stream.write_all(b"GET /large HTTP/1.1\r\nHost: example.org\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 10]).unwrap();
        // Once the drain is asked for, the listener is closed as soon as this connection is.
        trigger.drain();
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_ok() {
            assert!(start.elapsed() < LONG / 4, "the reader holds its connection");
            thread::yield_now();
        }
    }
}
