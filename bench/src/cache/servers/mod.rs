//! The caches that are compared, each started from a configuration that is the best it can do
//! for a cache. `prime` shows that each really answers from what it keeps.

mod nginx;
mod tombolo;
mod varnish;

use std::{net::SocketAddr, path::Path};

use anyhow::Result;

pub(crate) use self::tombolo::DIRECTORY;
pub(crate) use self::varnish::PROGRAM as VARNISH;
use crate::{
    cores::Placement,
    process::Process,
    servers::{self, Running},
};

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Server {
    /// The gateway
    Tombolo,
    /// nginx with proxy_cache
    Nginx,
    /// Varnish, all in memory
    Varnish,
    /// A loop that answers with constant bytes: the ceiling
    Constant,
}

impl Server {
    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Server::Tombolo => "Tombolo",
            Server::Nginx => "nginx",
            Server::Varnish => "Varnish",
            Server::Constant => "constant bytes",
        }
    }

    /// Whether it knows HTTP; the ceiling asks nobody and keeps nothing.
    pub(crate) fn speaks_http(self) -> bool {
        self != Server::Constant
    }
}

/// What a server is started with.
pub(crate) struct Setup<'a> {
    /// The gateway's program.
    pub(crate) tombolo: &'a Path,
    /// A folder for configuration, stored responses and temporary files.
    pub(crate) folder: &'a Path,
    /// Where requests go that the cache cannot answer.
    pub(crate) origin: SocketAddr,
    /// Bytes that the gateway may keep in memory.
    pub(crate) memory: u64,
    /// Bytes of the body that the load asks for.
    pub(crate) body_bytes: usize,
}

/// Most bytes that a server may store: more than any case needs, so that nothing is evicted.
const STORED_GIB: u64 = 16;

/// Starts `server` on its cores and waits until it takes connections.
///
/// # Errors
/// When it cannot be started; the message has its own words.
pub(crate) fn start(server: Server, setup: &Setup<'_>, placement: &Placement) -> Result<Running> {
    let cores = placement.server.as_slice();
    match server {
        Server::Tombolo => {
            servers::announced(Process::start("tombolo", &tombolo::command(setup)?, cores)?)
        }
        Server::Constant => {
            let mut command = servers::own_program()?;
            command.args(["constant", "--body", &setup.body_bytes.to_string()]);
            servers::announced(Process::start("constant", &command, cores)?)
        }
        Server::Nginx => {
            let address = servers::free_address()?;
            let command = nginx::command(setup, address)?;
            servers::reachable(Process::start("nginx", &command, cores)?, address)
        }
        Server::Varnish => {
            let address = servers::free_address()?;
            let command = varnish::command(setup, address)?;
            servers::reachable(Process::start("varnish", &command, cores)?, address)
        }
    }
}
