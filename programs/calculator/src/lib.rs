//! The calculator: exact arithmetic over a line protocol for many clients at once, and its client.
//!
//! docs/protocols/calculator.md is the protocol. Here:
//! - `protocol` reads and writes it, on bytes alone;
//! - `session` knows one connection's variables and what requests mean;
//! - `arithmetic` works out plain sums on the spot, within a cost that is known beforehand;
//! - `evaluator` has everything else worked out in child processes that cannot outgrow their bounds;
//! - `connection` and `server` do the I/O: read, answer in order, drain; `peers` knows whose connection
//!   is whose;
//! - [`client`] asks, and asks again elsewhere when a replica goes away.
//!
//! Replicas share nothing: a variable belongs to its connection.

mod arithmetic;
pub mod client;
mod connection;
mod error;
mod evaluator;
mod grouping;
mod limits;
mod peers;
pub mod protocol;
mod server;
mod session;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use tombolo_daemon::listener;
use tombolo_daemon::resources;
use tombolo_daemon::shutdown::Shutdown;

pub use error::Error;
pub use evaluator::Program;

use crate::connection::{Patience, Replica};
use crate::evaluator::Pool;
use crate::peers::Peers;
use crate::server::Server;

/// What `tombolo serve calculator` is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The name in the answer to `WHO`: 1 to 64 letters, digits, dots, hyphens and underscores.
    /// None makes one from the process's id.
    pub replica: Option<String>,
    /// Evaluators: at most so many expressions are worked on at once. 0: one more than cores.
    pub evaluators: usize,
    /// Peers that may name their clients in a PROXY protocol header.
    pub trusted: Vec<IpNet>,
    /// Whether peers on this machine may, too: gateways.
    pub trust_loopback: bool,
    /// How long requests under way may take to finish once a drain is asked for.
    pub drain: Duration,
    /// The program that is started as an evaluator, which must call [`work`].
    pub program: Program,
}

/// Listens and serves until `shutdown` asks for an end and what was under way is finished.
///
/// # Errors
/// When the options are wrong, the address cannot be listened on, or no evaluator can be started;
/// nothing that a client does ends the server.
pub async fn run(options: Options, shutdown: Shutdown) -> Result<(), Error> {
    let Options { listen, replica, evaluators, trusted, trust_loopback, drain, program } = options;
    let name = replica.unwrap_or_else(|| format!("calculator-{}", std::process::id()));
    let named = (1..=limits::REPLICA_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if !named {
        return Err(Error::Replica(name));
    }
    let files = resources::raise_open_files();
    let needed = u64::try_from(limits::CONNECTIONS).unwrap_or(u64::MAX);
    if let Some(allowed) = files.allowed.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            allowed,
            "fewer files may be open than connections are served: raise the limit (ulimit -Hn, \
             LimitNOFILE= in systemd)"
        );
    }
    let count = if evaluators == 0 { resources::usable_cores().get() + 1 } else { evaluators };
    let evaluators = Pool::start(program, count).map_err(Error::Evaluator)?;
    let listener =
        listener::listen(listen).map_err(|source| Error::Listen { address: listen, source })?;
    let address = listener.local_addr().map_err(Error::LocalAddress)?;
    tracing::info!(replica = name, evaluators = count, "listening on tcp://{address}");
    let patience = Patience { idle: limits::IDLE_TIME, line: limits::LINE_TIME };
    let peers = Peers::new(trusted, trust_loopback);
    let replica = Replica { name, evaluators, patience, peers };
    Server::new(replica, shutdown).run(listener, drain).await;
    Ok(())
}

/// What the program of [`Options::program`] does: evaluates for its parent until that is gone.
/// Takes standard input and output, and bounds the memory of this process for good.
///
/// # Errors
/// When the system refuses the bounds, or the parent sends what no parent sends.
pub fn work() -> io::Result<()> {
    evaluator::worker::run()
}
