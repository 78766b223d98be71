//! Group chat: one order for each room, whichever replica is asked.
//!
//! The log in the database is the only truth. A post is acknowledged once it is on the disk, has
//! the next number of its room, and is shown to every reader of the room at every replica, once
//! and in the order of the numbers. A reader that comes back says which number it saw last and
//! gets what follows; if that is no longer possible, it is told so. Presence and typing are
//! passing things: they may be lost, and nothing depends on them.
//!
//! From the wire to the disk: `api` (HTTP, event streams, WebSockets) → `said` (the rules of what
//! clients may say) → `writer` (many posts, one commit) → `log` (the tables). And back: `bus`
//! (replicas wake each other) → `hub` (one ring for each room, read by all its readers) → `api`.

mod api;
mod bus;
mod error;
mod hub;
mod limits;
mod log;
mod message;
mod quota;
pub mod said;
mod writer;

use std::net::SocketAddr;

use std::time::Duration;

use ipnet::IpNet;
use tokio::net::TcpListener;
use tombolo_daemon::listener::listen;
use tombolo_daemon::shutdown::Shutdown;
use tombolo_serve::{Limits, Patience, Server};
use tombolo_storage::DatabaseUrl;

pub use error::Error;

use crate::api::Entrance;
use crate::hub::{Hub, Lost};
use crate::log::Log;
use crate::writer::Writer;

/// What `tombolo serve chat` is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the log is.
    pub database: DatabaseUrl,
    /// The name in `X-Replica`: 1 to 64 letters, digits, dots, hyphens and underscores.
    /// None makes one from the process's id.
    pub replica: Option<String>,
    /// Messages kept in each room; 0 keeps all.
    pub history: u64,
    /// Posts each second that one client may send; 0 does not count them.
    pub rate: u32,
    /// Event streams and WebSockets that one client may have open; 0 does not count them.
    pub streams: usize,
    /// Peers whose `X-Forwarded-For` is believed, also where another trusted one names them.
    pub trusted: Vec<IpNet>,
    /// Whether that of peers on this machine is believed, too: gateways.
    pub trust_loopback: bool,
    /// How long requests under way may take to finish once a drain is asked for.
    pub drain: Duration,
}

impl Options {
    /// Messages kept in each room unless something else is asked for.
    pub const HISTORY: u64 = limits::HISTORY;
    /// Posts each second of one client unless something else is asked for.
    pub const RATE: u32 = limits::RATE;

    /// Streams of one client unless something else is asked for.
    pub const STREAMS: usize = limits::STREAMS;

    /// What holds without being told, for this database.
    #[must_use]
    pub fn new(listen: SocketAddr, database: DatabaseUrl) -> Self {
        Self {
            listen,
            database,
            replica: None,
            history: Self::HISTORY,
            rate: Self::RATE,
            streams: Self::STREAMS,
            trusted: Vec::new(),
            trust_loopback: true,
            drain: Duration::from_secs(30),
        }
    }
}

/// Listens and serves until `shutdown` asks for an end and what was under way is finished.
///
/// # Errors
/// When the options are wrong, the log cannot be opened, or the address cannot be listened on;
/// nothing that a client does ends the replica.
pub async fn run(options: Options, shutdown: Shutdown) -> Result<(), Error> {
    let address = options.listen;
    let listener = listen(address).map_err(|source| Error::Listen { address, source })?;
    serve(listener, options, shutdown).await
}

/// Serves on a listener that is already bound; `options.listen` is not looked at.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let replica = replica_name(options.replica.as_deref())?;
    let pages = api::pages()?;
    let address = listener.local_addr().map_err(Error::LocalAddress)?;
    let gateways = options.trusted.clone();
    let limits = Limits {
        connections: limits::CONNECTIONS,
        connections_each: limits::CONNECTIONS / tombolo_serve::limits::CONNECTIONS_SHARE,
        gateways: gateways.into(),
        patience: Patience::default(),
        // A reader that goes is to be noticed at once.
        half_close: false,
    };
    let entrance = Entrance::default();
    let way_in = entrance.clone();
    let answer = move |request, peer| way_in.answer(request, peer);
    let server = Server::new(listener, shutdown.clone(), limits, answer);
    let mut serving = Box::pin(server.run(options.drain));
    let log = tokio::select! {
        opened = Log::open(&options.database, options.history) => opened?,
        // An end was asked for before the log was open.
        () = &mut serving => return Ok(()),
    };
    let database = log.database().clone();
    let (hub, follower) = Hub::new(log, shutdown.clone());
    let (writer, writing) = Writer::start(hub.clone(), replica.clone());
    let readers = hub.clone();
    let mut following = tokio::spawn(follower.run());
    tracing::info!(replica, database = %options.database, "listening on http://{address}");
    entrance.open(api::answer(hub, writer, &replica, &options, pages, shutdown));
    drop(entrance);
    let ended = tokio::select! {
        () = &mut serving => Ok(()),
        lost = &mut following => Err(match lost {
            Ok(Lost::Gone(error)) => Error::Gone(error),
            Ok(Lost::Misplaced) | Err(_) => {
                Error::Misplaced(options.database.file().unwrap_or_default())
            }
        }),
    };
    following.abort();
    // The queue's last end goes with the server and the last socket.
    drop(serving);
    if ended.is_ok() {
        // A server without connections has drained before the follower has told anybody; sockets
        // are no connections of its any more.
        readers.wake_all();
        // What was taken is written.
        let _ = tokio::time::timeout(options.drain, writing).await;
    }
    // Also after a file was taken away: what its log holds goes into the database, if that is
    // still there.
    database.close().await;
    ended
}

/// Brings the tables of the chat up to date, and does nothing else.
///
/// # Errors
/// When the database cannot be reached, or its tables are not those this program knows.
pub async fn migrate(database: &DatabaseUrl) -> Result<(), Error> {
    log::migrate(database).await.map_err(Error::Log)
}

/// The replica's name, if it can stand in a header.
fn replica_name(given: Option<&str>) -> Result<String, Error> {
    let name = given.map_or_else(|| format!("chat-{}", std::process::id()), str::to_owned);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let fits = (1..=limits::REPLICA_BYTES).contains(&name.len());
    if fits && name.bytes().all(plain) { Ok(name) } else { Err(Error::Replica(name)) }
}
