//! `[[service]]` as meant: what `tombolo up` starts, and how many of it.

use std::net::SocketAddr;
use std::path::PathBuf;

use tombolo_services::Descriptor;

/// By whom the users of the library pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payments {
    /// Nobody in earnest: `up` starts a provider to try it with.
    Sandbox,
    /// The providers that this file names.
    File(PathBuf),
}

impl Payments {
    /// The word for [`Payments::Sandbox`].
    pub const SANDBOX: &str = "sandbox";
}

impl std::fmt::Display for Payments {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sandbox => out.write_str(Self::SANDBOX),
            Self::File(path) => path.display().fmt(out),
        }
    }
}

/// A service that `tombolo up` starts, watches and restarts: `[[service]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Which service.
    pub kind: &'static Descriptor,
    /// How many processes of it, 1 to [`Service::REPLICAS_MAX`].
    pub replicas: usize,
    /// Where the first replica listens, the others on the ports that follow. None: the
    /// service's own default, from which `up` may turn to free ports.
    pub listen: Option<SocketAddr>,
    /// The folder the site serves. None: the built-in page.
    pub root: Option<PathBuf>,
    /// By whom the library's users pay. None: nobody can subscribe.
    pub payments: Option<Payments>,
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
    /// The service as it is without a word more than its name.
    #[must_use]
    pub const fn new(kind: &'static Descriptor) -> Self {
        let replicas = kind.replicas;
        Self {
            kind,
            replicas,
            listen: None,
            root: None,
            payments: None,
            memory: None,
            open_files: None,
        }
    }

    /// Where replica `index` (from 0) would listen: the first address, its port raised by the
    /// index. None when that port would be beyond 65535.
    #[must_use]
    pub fn address(&self, index: usize) -> Option<SocketAddr> {
        let first = self.listen.unwrap_or_else(|| self.kind.first_address());
        let port = first.port().checked_add(u16::try_from(index).ok()?)?;
        Some(SocketAddr::new(first.ip(), port))
    }
}
