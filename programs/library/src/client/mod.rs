//! The client behind `tombolo put` and `tombolo get`: files to a library and back, however often the
//! line, the client or a replica is cut.
//!
//! It keeps nothing of its own about uploads: what the library lists as unfinished, and the digest of
//! what it has of it, tell where to go on, also after the client was killed and on another machine. A
//! download goes on from a note beside its partial file. Neither is called done before the digest of
//! the whole file was compared. Owned here: what is asked, when it is asked again, and what is
//! compared. Not owned: how any of it is shown.

mod connection;
mod error;
mod get;
mod list;
mod local;
mod names;
mod parts;
mod put;
mod retry;
mod server;
mod session;
mod trust;

use std::sync::Arc;
use std::time::Duration;

pub use self::error::Failure;
pub use self::get::{Download, get};
pub use self::list::in_folder;
pub use self::local::{Local, digest, files};
pub use self::put::{Unfinished, Upload, put, unfinished};
pub use self::server::Server;
pub use self::session::{log_in, log_out};
pub use self::trust::Trust;

use self::connection::Connection;
use self::retry::Retry;

/// What all requests of a client share.
#[derive(Clone)]
pub struct Client {
    /// Where the library is.
    pub server: Server,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// The token of a session, if there is one.
    pub token: Option<String>,
    /// How long to try again without a byte of progress.
    pub patience: Duration,
    /// Who is told what happens.
    pub observer: Arc<dyn Observer>,
}

/// Who is told what happens, from any task.
pub trait Observer: Send + Sync {
    /// A file has so many bytes, of which so many need not be moved any more.
    fn began(&self, name: &str, total: u64, there: u64);
    /// So many bytes of it are there now; fewer than before when some have to be moved again.
    fn moved(&self, name: &str, there: u64);
    /// Something failed that is tried again after this time.
    fn retrying(&self, name: &str, why: &Failure, after: Duration);
}

impl Client {
    fn connection(&self) -> Connection {
        Connection::new(self.server.clone(), self.trust.clone(), self.token.clone())
    }

    fn retry(&self) -> Retry {
        Retry::new(self.patience)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").field("server", &self.server).finish_non_exhaustive()
    }
}
