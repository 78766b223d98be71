//! The static web application: one replica of the site behind the gateway.
//!
//! Serves a folder of files, or the built-in landing page, over HTTP/1.1: conditional and range
//! requests, precompressed files, `/health`, and `X-Replica` on every answer. It owns the meaning
//! of a request (RFC 9110); the message format (RFC 9112) is hyper's, except for deadlines. It
//! writes no access log and knows no other replica: that is the gateway's part.

mod accept_encoding;
mod body;
mod conditional;
mod content_hash;
mod entity_tag;
mod error;
mod field;
mod folder;
mod landing;
mod language;
mod limits;
mod media_type;
mod preference;
mod range;
mod refusal;
mod representation;
mod request_path;
mod respond;
mod root;
mod server;
mod site;
mod stored_file;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tombolo_daemon::shutdown::Shutdown;

pub use error::Error;

use crate::server::Server;
use crate::site::Site;
use crate::watch::Patience;

/// What `tombolo serve site` is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder to serve; None serves the built-in landing page.
    pub root: Option<PathBuf>,
    /// The name in `X-Replica`: 1 to 64 letters, digits, dots, hyphens and underscores.
    /// None makes one from the process's id.
    pub replica: Option<String>,
    /// How long requests under way may take to finish once a drain is asked for.
    pub drain: Duration,
}

/// Listens and serves until `shutdown` asks for an end and what was under way is finished.
///
/// # Errors
/// When the options are wrong or the address cannot be listened on; nothing that a client does
/// ends the server.
pub async fn run(options: Options, shutdown: Shutdown) -> Result<(), Error> {
    // Before listening: who connects must not wait for a server that then refuses to start.
    let site = Site::new(&options, shutdown.clone())?;
    let address = options.listen;
    let listener =
        TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
    start(site, listener, &options, shutdown).await
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
    let site = Site::new(&options, shutdown.clone())?;
    start(site, listener, &options, shutdown).await
}

async fn start(
    site: Site,
    listener: TcpListener,
    options: &Options,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let address = listener.local_addr().map_err(Error::LocalAddress)?;
    let root =
        options.root.as_deref().map_or("built-in page".into(), |root| root.to_string_lossy());
    tracing::info!(replica = site.replica(), %root, "listening on http://{address}");
    Server::new(site, listener, shutdown, Patience::default()).run(options.drain).await;
    Ok(())
}
