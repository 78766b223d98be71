//! One process of the fleet: what it is, where it listens, and how it stands.

use std::net::SocketAddr;
use std::path::PathBuf;

use tombolo_daemon::config::{Descriptor, Service};

use super::listener::Listener;

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) role: Role,
    /// Where it answers its clients.
    pub(super) listeners: Vec<Listener>,
    /// Where the gateway takes connections that are not HTTP, `[[tcp]]` after `[[tcp]]`.
    pub(super) tcp: Vec<Listener>,
    /// Where the gateway is administered.
    pub(super) admin: Option<Listener>,
    /// It was started before; if it was beaten to a port, it looks elsewhere.
    pub(super) tried: bool,
    /// It has served there, so it stays there.
    pub(super) settled: bool,
    /// It is to be there: false once its service was scaled down below it.
    pub(super) wanted: bool,
    /// The gateway is told of it.
    pub(super) in_rotation: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Role {
    Gateway,
    Replica {
        kind: &'static Descriptor,
        /// Its place in the configuration: which service, and which of its replicas.
        service: usize,
        index: usize,
        root: Option<PathBuf>,
    },
}

impl Member {
    /// A replica of a service; None if there is no port for it.
    pub(super) fn replica(place: usize, service: &Service, index: usize) -> Option<Self> {
        let address = service.address(index)?;
        let (kind, root) = (service.kind, service.root.clone());
        Some(Member {
            name: format!("{}-{}", kind.name, index + 1),
            role: Role::Replica { kind, service: place, index, root },
            listeners: vec![Listener::new(address, service.listen.is_some())],
            tcp: Vec::new(),
            admin: None,
            tried: false,
            settled: false,
            wanted: true,
            in_rotation: true,
        })
    }

    /// Where it answers its clients now.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|listener| listener.address).collect()
    }

    /// Every listener it has.
    pub(super) fn all(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().chain(&self.tcp).chain(&self.admin)
    }
}
