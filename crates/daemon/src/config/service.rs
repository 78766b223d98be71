//! `[[service]]` as meant: what `tombolo up` starts, and how many of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// A service that `tombolo up` starts, watches and restarts: `[[service]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Which service.
    pub name: ServiceKind,
    /// How many processes of it, 1 to [`Service::REPLICAS_MAX`].
    pub replicas: usize,
    /// Where the first replica listens, the others on the ports that follow. None: the
    /// service's own default, from which `up` may turn to free ports.
    pub listen: Option<SocketAddr>,
    /// The folder the site serves. None: the built-in page.
    pub root: Option<PathBuf>,
    /// Bytes of memory that each replica may write to. None: no bound of its own.
    pub memory: Option<u64>,
    /// Files that each replica may have open. None: what the system allows.
    pub open_files: Option<u64>,
}

impl Service {
    /// The most replicas of one service on one machine.
    pub const REPLICAS_MAX: usize = 64;
    /// The least memory of a replica: what the program itself takes, and room to serve.
    pub const MEMORY_MIN: u64 = 64 << 20;
    /// The fewest open files of a replica.
    pub const OPEN_FILES_MIN: u64 = 64;
    /// The replicas unless the file says otherwise.
    pub const REPLICAS_DEFAULT: usize = 3;

    /// The service as it is without a word more than its name.
    #[must_use]
    pub const fn new(name: ServiceKind) -> Self {
        let replicas = Self::REPLICAS_DEFAULT;
        Self { name, replicas, listen: None, root: None, memory: None, open_files: None }
    }

    /// Where replica `index` (from 0) would listen: the first address, its port raised by the
    /// index. None when that port would be beyond 65535.
    #[must_use]
    pub fn address(&self, index: usize) -> Option<SocketAddr> {
        let first = self.listen.unwrap_or_else(|| self.name.first_address());
        let port = first.port().checked_add(u16::try_from(index).ok()?)?;
        Some(SocketAddr::new(first.ip(), port))
    }
}

/// The services of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// The static web application.
    Site,
    /// The calculator over TCP.
    Calculator,
    /// The group chat.
    Chat,
}

impl ServiceKind {
    /// Every service, in the order the documentation lists them.
    pub const ALL: [Self; 3] = [Self::Site, Self::Calculator, Self::Chat];

    /// The name in the configuration file and after `tombolo serve`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Calculator => "calculator",
            Self::Chat => "chat",
        }
    }

    /// Whether it is asked by HTTP, so that a route can lead to it.
    #[must_use]
    pub const fn speaks_http(self) -> bool {
        match self {
            Self::Site | Self::Chat => true,
            Self::Calculator => false,
        }
    }

    /// Whether it keeps something in the database of `[storage]`.
    #[must_use]
    pub const fn has_database(self) -> bool {
        match self {
            Self::Site | Self::Calculator => false,
            Self::Chat => true,
        }
    }

    /// Where its first replica listens unless the file says otherwise.
    #[must_use]
    pub const fn first_address(self) -> SocketAddr {
        let port = match self {
            Self::Site => 9101,
            Self::Calculator => 9201,
            Self::Chat => 9301,
        };
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
    }
}
