//! The library: people put large files and fetch them, never from the beginning again.
//!
//! Replicas are alike and keep nothing of their own: what was acknowledged is in the database and
//! among the objects, and any replica goes on where another was cut. The API is under
//! `/library/api`, the page is `/library/`.
//!
//! | module | one idea |
//! |---|---|
//! | `settings`, `limits`, `ids`, `time`, `problem` | what all parts share |
//! | `state` | the database and what goes with it |
//! | `schema` | the steps of the tables |
//! | `http` | the way in: router, who asks, bodies, health, the description of the API |
//! | `content` | bytes: in files or in an object store, durable when acknowledged |
//! | `uploads` | files coming in: two protocols, leases, group commit, completion |
//! | `accounts` | users, their passwords and sessions |
//! | `client` | what `tombolo put` and `tombolo get` do |
//! | `ledger` | money in double entry |
//! | `catalogue` | items: what there is, how it is found, who may see it |
//! | `downloads` | an item's bytes on their way out |
//! | `transfers` | who moves what, how far it is, and whose turn it is |
//! | `plans` | what each user may keep and move, subscriptions and their months |
//! | `payments` | invoices, payments, refunds, and the providers |
//! | `inventory` | which files the tables name, for backups |
//! | `page` | the page at `/library/` |
//! | `reports` | billing, payments and traffic as JSON, CSV and PDF |
//! | `sandbox` | a payment provider to try things with, a process of its own |

mod accounts;
mod catalogue;
pub mod client;
mod content;
mod downloads;
mod error;
mod http;
mod ids;
mod inventory;
mod ledger;
mod limits;
mod page;
mod payments;
mod plans;
mod problem;
mod reports;
mod sandbox;
mod schema;
mod settings;
mod state;
#[cfg(test)]
mod testing;
mod time;
mod transfers;
mod uploads;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tombolo_daemon::listener::listen;
use tombolo_daemon::shutdown::Shutdown;
use tombolo_serve::{Limits, Patience, Server};
use tombolo_storage::{Database, DatabaseUrl};

pub use accounts::{AdminError, HashError, Mistake, create_admin};
pub use catalogue::{BadFolder, ChildProgram, Folder};
pub use downloads::{ByteRanges, byte_ranges};
pub use error::Error;
pub use inventory::INVENTORY;
pub use page::PageError;
pub use payments::{
    PaymentsError, PaymentsSettings, TransportError, event_is_believed, signed_event_is_read,
};
pub use sandbox::{Manners, SandboxSettings, run_sandbox, serve_sandbox};
pub use settings::{PublicUrl, Settings};
pub use uploads::{Metadata, MetadataError, NotADigest, read_metadata, sha256_of_field};

use crate::http::Entrance;
use crate::state::Library;

/// Listens and serves until `shutdown` asks for an end and what was under way is finished.
///
/// # Errors
/// When the settings are wrong, the database cannot be opened, or the address cannot be listened
/// on; nothing that a client does ends the replica.
pub async fn run(settings: Settings, shutdown: Shutdown) -> Result<(), Error> {
    let address = settings.listen;
    let listener = listen(address).map_err(|source| Error::Listen { address, source })?;
    serve(listener, settings, shutdown).await
}

/// Serves on a listener that is already bound; `settings.listen` is not looked at.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let replica = replica_name(settings.replica.as_deref())?;
    let address = listener.local_addr().map_err(Error::LocalAddress)?;
    let drain = settings.drain;
    let limits = Limits {
        connections: limits::CONNECTIONS,
        connections_each: limits::CONNECTIONS / tombolo_serve::limits::CONNECTIONS_SHARE,
        gateways: settings.trusted.clone().into(),
        patience: Patience::default(),
        // A client that goes is to be noticed at once.
        half_close: false,
    };
    let entrance = Entrance::new(&replica);
    let way_in = entrance.clone();
    let answer = move |request, peer| way_in.answer(request, peer);
    let server = Server::new(listener, shutdown.clone(), limits, answer);
    let mut serving = Box::pin(server.run(drain));
    let library = tokio::select! {
        opened = Library::open(settings, shutdown) => opened?,
        // An end was asked for before the database was open.
        () = &mut serving => return Ok(()),
    };
    tracing::info!(replica, database = %library.settings.database,
        objects = %library.settings.objects, "listening on http://{address}");
    let mut background = background(&library);
    entrance.open(Arc::clone(&library));
    let ended = tokio::select! {
        () = &mut serving => Ok(()),
        error = misplaced(&library) => Err(error),
    };
    drop(serving);
    // Each ends by itself once a drain is asked for.
    if ended.is_ok() {
        let all = async { while background.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(drain, all).await;
    }
    background.shutdown().await;
    library.database.close().await;
    ended
}

/// What goes on beside requests: a task for each part that has something to look after. A task
/// returns once `library.shutdown` asks for a drain and what it holds is safe.
fn background(library: &Arc<Library>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(accounts::tidy(Arc::clone(library)));
    catalogue::background(library, &mut tasks);
    transfers::background(library, &mut tasks);
    tasks.spawn(uploads::sweep(Arc::clone(library)));
    tasks.spawn(payments::work(Arc::clone(library)));
    tasks
}

/// Waits until the files of a SQLite database are no longer those that were opened.
async fn misplaced(library: &Library) -> Error {
    loop {
        tokio::time::sleep(limits::FILES_PERIOD).await;
        if library.database.verify_files().is_err() {
            return Error::Misplaced(library.settings.database.file().unwrap_or_default());
        }
    }
}

/// Brings the tables of the library up to date, and does nothing else.
///
/// # Errors
/// When the database cannot be reached, or its tables are not those this program knows.
pub async fn migrate(database: &DatabaseUrl) -> Result<(), Error> {
    Database::open(database, &schema::MIGRATIONS).await?.close().await;
    Ok(())
}

/// Is a child that makes one thumbnail: an image from standard input, a small picture to standard
/// output.
///
/// # Errors
/// When it cannot be confined, its streams fail, or no picture can be made.
pub fn thumbnail() -> std::io::Result<()> {
    catalogue::thumbnail()
}

/// Is a child that reads how long one file of sound or moving pictures lasts: pieces of it come from
/// standard input as it asks for them on standard output.
///
/// # Errors
/// When it cannot be confined, or its streams fail.
pub fn length() -> std::io::Result<()> {
    catalogue::length()
}

/// The replica's name, if it can stand in a header.
fn replica_name(given: Option<&str>) -> Result<String, Error> {
    let name = given.map_or_else(|| format!("library-{}", std::process::id()), str::to_owned);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let fits = (1..=limits::REPLICA_BYTES).contains(&name.len());
    if fits && name.bytes().all(plain) { Ok(name) } else { Err(Error::Replica(name)) }
}
