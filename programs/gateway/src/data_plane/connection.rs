//! One client connection: exchanges one after another, with a small task in between.
//!
//! While it is idle the task holds the socket and a deadline, nothing else. When bytes arrive it
//! boxes the busy half, which borrows a workspace; shortly after the last exchange the box is
//! dropped again. A connection in steady use thus allocates nothing from request to request. Only
//! so many may stay warm at a time: beyond, the box is made anew for each request.

use std::cell::Cell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;

use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tombolo_proxy_protocol::Header;

use super::admission::Full;
use super::core::Core;
use super::entrance::Entrance;
use super::introduction::{self, Unintroduced};
use super::timers::Timer;
use crate::exchange;

/// Ticks for which a connection keeps its busy half after an exchange.
const WARM: u64 = 5;

/// Connections of a thread that may be warm at a time.
const WARM_MOST: usize = 256;

/// Counts the connections that keep their busy half between requests.
#[derive(Default)]
pub(crate) struct Warm(Cell<usize>);

impl Warm {
    fn enter(&self) -> Option<Warmth<'_>> {
        let count = self.0.get();
        (count < WARM_MOST).then(|| {
            self.0.set(count.saturating_add(1));
            Warmth(self)
        })
    }
}

struct Warmth<'w>(&'w Warm);

impl Drop for Warmth<'_> {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get().saturating_sub(1));
    }
}

/// The connections a thread serves now, so that a drain knows when all are done.
#[derive(Default)]
pub(crate) struct Live {
    count: Cell<usize>,
    none_left: Notify,
}

impl Live {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count.get()
    }

    /// Returns when there are none.
    pub(super) async fn none_left(&self) {
        while self.count.get() > 0 {
            self.none_left.notified().await;
        }
    }
}

/// What an exchange needs to know of its connection.
pub(crate) struct Connection {
    pub(crate) core: Rc<Core>,
    pub(crate) timer: Timer,
    pub(crate) client: SocketAddr,
    /// Where it came in: then it was counted, and is when it ends. None: nobody's.
    entrance: Option<Rc<Entrance>>,
}

/// What becomes of the connection after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another request may follow.
    KeepAlive,
    /// The connection ends.
    Close,
}

impl Connection {
    /// A connection from `client`, if there is a place for it; given back when it is dropped.
    pub(super) fn admitted(
        core: &Rc<Core>,
        client: SocketAddr,
        entrance: &Rc<Entrance>,
    ) -> Result<Self, Full> {
        core.admission.admit(client.ip())?;
        core.live.count.set(core.live.count.get().saturating_add(1));
        let timer = core.timers.register();
        Ok(Self { core: Rc::clone(core), timer, client, entrance: Some(Rc::clone(entrance)) })
    }

    /// What an errand of the gateway's own goes by: no client is there, `client` is whose request
    /// led to it.
    pub(crate) fn of_nobody(core: &Rc<Core>, client: SocketAddr) -> Self {
        let timer = core.timers.register();
        Self { core: Rc::clone(core), timer, client, entrance: None }
    }

    /// Whether it is to end after what it is at: its client is told.
    #[inline]
    pub(crate) fn is_leaving(&self) -> bool {
        self.core.leaving.get() || self.is_past()
    }

    /// Whether it is to end at once if nothing is under way on it.
    fn is_past(&self) -> bool {
        self.core.draining.get()
            || self.entrance.as_ref().is_some_and(|entrance| entrance.is_shut())
    }

    /// Serves the connection to its end.
    ///
    /// A block rather than an `async fn`, which would hold each argument twice: this future is
    /// what an idle connection costs.
    #[allow(clippy::manual_async_fn)]
    pub(super) fn serve(self, mut stream: TcpStream) -> impl Future<Output = ()> {
        async move {
            loop {
                let idle = self.core.snapshot().patience.idle;
                if !self.quiet(&stream, idle).await {
                    return;
                }
                if Box::pin(self.busy(&mut stream)).await == Next::Close {
                    return;
                }
            }
        }
    }

    /// Reads the header that a proxy in front sends, then serves the connection in a task anew:
    /// what is idle afterwards is no larger for it.
    pub(super) async fn serve_introduced(mut self, stream: TcpStream) {
        let snapshot = self.core.snapshot();
        let head = snapshot.patience.head;
        if self.introduce(&stream, &snapshot.trusted, head).await.is_some() {
            spawn_local(self.serve(stream));
        }
    }

    /// Reads a PROXY protocol header from a trusted peer within `patience` ticks. The client it
    /// names is the connection's from then on, in limits too. None: it is to be closed.
    pub(crate) async fn introduce(
        &mut self,
        stream: &TcpStream,
        trusted: &[IpNet],
        patience: u64,
    ) -> Option<Header> {
        let peer = self.client;
        let is_trusted = trusted.iter().any(|network| network.contains(&peer.ip()));
        let header = match is_trusted {
            true => introduction::header(stream, &self.timer, patience).await,
            false => Err(Unintroduced::Stranger),
        };
        match header {
            Ok(Header::Own) => Some(Header::Own),
            Ok(Header::Proxied { source, destination }) => {
                let client = SocketAddr::new(source.ip().to_canonical(), source.port());
                if let Err(full) = self.core.admission.rename(peer.ip(), client.ip()) {
                    tracing::debug!(%client, %peer, limit = ?full, "turned a connection away");
                    return None;
                }
                self.client = client;
                Some(Header::Proxied { source, destination })
            }
            Err(error) => {
                // Balancers open and close connections to see whether somebody is there.
                let is_probe = matches!(error, Unintroduced::Closed | Unintroduced::Failed(_));
                if !is_probe && self.core.unintroduced.is_due(self.core.timers.now()) {
                    tracing::warn!(%peer, %error, "closed a connection (told at most every ten seconds)");
                } else {
                    tracing::debug!(%peer, %error, "closed a connection");
                }
                None
            }
        }
    }

    /// Runs exchanges for as long as the client keeps sending requests.
    async fn busy(&self, stream: &mut TcpStream) -> Next {
        loop {
            let mut workspace = self.core.workspaces.take();
            loop {
                if exchange::run(self, stream, &mut workspace).await == Next::Close {
                    self.core.workspaces.give(workspace);
                    return Next::Close;
                }
                if workspace.inbound.is_empty() {
                    break;
                }
            }
            self.core.workspaces.give(workspace);
            let Some(_warmth) = self.core.warm.enter() else { return Next::KeepAlive };
            if !self.quiet(stream, WARM).await {
                return Next::KeepAlive;
            }
        }
    }

    /// Waits for bytes; false when none came within `ticks` or the gateway drains.
    async fn quiet(&self, stream: &TcpStream, ticks: u64) -> bool {
        self.timer.arm(ticks);
        poll_fn(|cx| {
            if stream.poll_read_ready(cx).is_ready() {
                return Poll::Ready(true);
            }
            if self.is_past() {
                return Poll::Ready(false);
            }
            self.timer.poll_expired(cx).map(|()| false)
        })
        .await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.entrance.is_none() {
            return;
        }
        self.core.admission.leave(self.client.ip());
        let live = &self.core.live;
        let left = live.count.get().saturating_sub(1);
        live.count.set(left);
        if left == 0 {
            live.none_left.notify_one();
        }
    }
}
