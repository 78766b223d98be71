//! An address of a process: the one it was told, the one it has, and whether it may take another.

use std::net::SocketAddr;

/// An address of a process.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    /// Where it was told to listen: with a port of 0, or the usual one that may be taken.
    pub(super) wanted: SocketAddr,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// It is written in a configuration or a flag: no other will do, unless its port is 0.
    pub(super) pinned: bool,
}

impl Listener {
    pub(super) fn new(wanted: SocketAddr, pinned: bool) -> Self {
        Self { wanted, address: wanted, pinned }
    }

    /// Whether it may be elsewhere than it was told to.
    pub(super) fn may_move(&self) -> bool {
        !self.pinned || self.wanted.port() == 0
    }
}
