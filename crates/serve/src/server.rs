//! The accept loop: connections in, connections served, connections drained.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tombolo_daemon::listener::plain;
use tombolo_daemon::memory;
use tombolo_daemon::shutdown::Shutdown;

use crate::admission::Admission;
use crate::limits;
use crate::short;
use crate::watched::{Exchange, Exchanges, Patience, Watched};

/// What a service's connections may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many are served at once.
    pub connections: usize,
    /// How many of them one client may have (with IPv6 a /64); further ones are closed.
    pub connections_each: usize,
    /// Peers that carry the connections of many clients, beside those of this machine.
    pub gateways: Arc<[IpNet]>,
    /// How long one may wait.
    pub patience: Patience,
    /// Whether a client that has closed its sending side still gets its answer. Without this, a
    /// client that goes away ends an answer that has no end of its own.
    pub half_close: bool,
}

impl Default for Limits {
    fn default() -> Self {
        let connections = limits::CONNECTIONS;
        Self {
            connections,
            connections_each: connections / limits::CONNECTIONS_SHARE,
            gateways: Arc::default(),
            patience: Patience::default(),
            half_close: true,
        }
    }
}

/// Who sent a request.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The other end of the connection: a client, or a gateway.
    pub address: SocketAddr,
    /// To be kept until the request is answered.
    pub exchange: Exchange,
}

/// A service's connections. `H` answers one request.
#[derive(Debug)]
pub struct Server<H> {
    answer: H,
    listener: TcpListener,
    shutdown: Shutdown,
    limits: Limits,
    admission: Admission,
    places: Arc<Semaphore>,
    /// For connections that come while memory is short.
    told_short: Arc<Semaphore>,
    connections: JoinSet<()>,
}

impl<H, F, B> Server<H>
where
    H: Fn(Request<Incoming>, Peer) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// A server for the connections of `listener`, whose requests `answer` answers.
    pub fn new(listener: TcpListener, shutdown: Shutdown, limits: Limits, answer: H) -> Self {
        Self {
            answer,
            listener,
            shutdown,
            admission: Admission::new(limits.connections_each, Arc::clone(&limits.gateways)),
            places: Arc::new(Semaphore::new(limits.connections)),
            told_short: Arc::new(Semaphore::new(limits::TOLD_SHORT)),
            limits,
            connections: JoinSet::new(),
        }
    }

    /// Serves until a drain is asked for, then drains within `drain`.
    pub async fn run(mut self, drain: Duration) {
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
    fn serve(&mut self, (stream, address, place): Accepted) {
        // What is not admitted is closed by being dropped.
        let Some(admitted) = self.admission.admit(address.ip()) else { return };
        let told_short = if memory::is_short() {
            let Ok(told) = Arc::clone(&self.told_short).try_acquire_owned() else { return };
            Some(told)
        } else {
            None
        };
        let answer = self.answer.clone();
        let shutdown = self.shutdown.clone();
        let Limits { patience, half_close, .. } = self.limits;
        self.connections.spawn(async move {
            if let Err(error) =
                connection(answer, stream, address, shutdown, patience, half_close).await
            {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((place, admitted, told_short));
        });
    }
}

type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

/// Waits for a place and for a connection to take it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Accepted {
    loop {
        // The semaphore is never closed; if it were, there would be nothing left to accept.
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, address)) => return (stream, plain(address), place),
            Err(error) => {
                // Often a full file table: the connection stays in the backlog meanwhile.
                tracing::warn!(%error, "cannot accept a connection, trying again");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves a connection's requests until it ends or a drain is asked for.
async fn connection<H, F, B>(
    answer: H,
    stream: TcpStream,
    address: SocketAddr,
    shutdown: Shutdown,
    mut patience: Patience,
    half_close: bool,
) -> hyper::Result<()>
where
    H: Fn(Request<Incoming>, Peer) -> F,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
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
        let answered = if memory::is_short() {
            Err(short::refusal(request.headers()))
        } else {
            Ok(answer(request, Peer { address, exchange }))
        };
        let exchanges = exchanges.clone();
        async move {
            let response = match answered {
                Ok(answered) => answered.await.map(Either::Left),
                Err(refusal) => refusal.map(Either::Right),
            };
            exchanges.answered();
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .half_close(half_close)
        // Our own watch keeps time.
        .header_read_timeout(None)
        .keep_alive(!already_draining)
        .max_header_size(limits::HEAD_BYTES)
        .max_buf_size(limits::HEAD_BYTES)
        .max_headers(limits::HEAD_FIELDS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    if !already_draining {
        tokio::select! {
            result = &mut connection => return result,
            () = shutdown.draining() => connection.as_mut().graceful_shutdown(),
        }
    }
    connection.await
}
