//! The configuration file as meant: checked, complete, with every default filled in.
//!
//! The file as written is read, and all its mistakes are found, elsewhere in this module; the
//! types here can only be had without mistakes. Nothing here opens sockets or resolves names.

mod access_log;
mod admin;
mod builtin;
mod cache;
mod check;
mod exchange;
mod files;
mod from_environment;
mod gateway;
mod health;
mod host_port;
mod keys;
mod limit;
mod load;
mod mistake;
mod overrides;
mod rate_limit;
mod reference;
mod render;
mod route;
mod schema;
mod server_address;
mod service;
mod storage;
mod tcp;
#[cfg(test)]
mod tests;
mod traces;
mod up;
mod upstream;
mod written;

use std::path::PathBuf;
use std::time::Duration;

pub use access_log::{AccessLog, LogFormat};
pub use admin::Admin;
pub use builtin::{BadFlags, builtin_gateway, builtin_up};
pub use cache::{Cache, CacheBypass, RouteCache};
pub use exchange::{ExchangeLimits, ExchangeTimeouts};
pub use files::check_files;
pub use from_environment::FromEnvironment;
pub use gateway::{Gateway, Limits, StateFile, Timeouts};
pub use health::{Ejection, HealthCheck, Probe, RetryBudget, Statuses};
pub use host_port::{BadHostPort, HostPort};
pub use limit::{Adaptive, UpstreamLimit};
pub use load::{FILE_BYTES_MAX, load, parse};
pub use mistake::{Kind, Mistake, Mistakes, Place, Spot};
pub use overrides::{BadCacheTtl, Overrides};
pub use rate_limit::{RateKey, RateLimit};
pub use reference::reference;
pub use route::{ForwardPath, Route};
pub use schema::schema;
pub use server_address::{BadServerAddress, ServerAddress, UnixPath};
pub use service::{Payments, Service};
pub use storage::Storage;
pub use tcp::{ProxyProtocol, Tcp};
pub use tombolo_balance::Policy;
pub use tombolo_services::Descriptor;
pub use tombolo_storage::{DatabaseUrl, Engine, ObjectsUrl};
pub use traces::Traces;
pub use up::Up;
pub use upstream::{HashKey, SameSite, Server, Sticky, Upstream};
pub use written::environment::{Environment, ProcessEnvironment};

/// Reads a duration as the file has it, for flags: whole numbers, each with its unit (`ms`, `s`, `m`,
/// `h`, `d`), greatest unit first. None for any other text.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    written::quantity::time(text)
}

/// A whole configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The gateway's own settings.
    pub gateway: Gateway,
    /// Where the access log goes.
    pub access_log: AccessLog,
    /// Where responses are kept. Some exactly when a route caches.
    pub cache: Option<Cache>,
    /// The sets of servers, each with a name of its own.
    pub upstreams: Vec<Upstream>,
    /// Which requests go where; no two for the same host and path.
    pub routes: Vec<Route>,
    /// Which connections are passed on as they are.
    pub tcp: Vec<Tcp>,
    /// Which requests are traced, and where that is told. None: none are.
    pub traces: Option<Traces>,
    /// What `tombolo up` starts.
    pub services: Vec<Service>,
    /// Where services keep what they must remember.
    pub storage: Storage,
    /// How `tombolo up` keeps its processes.
    pub up: Up,
    /// Where programs keep what they must remember, relative to the directory they run in.
    pub data_dir: PathBuf,
    /// What of it came from the environment and is shown as `${NAME}`.
    pub from_environment: FromEnvironment,
}

impl Config {
    /// Cookies that are for one upstream alone: each with that upstream's name, which is the name of
    /// the service whose users are known by it.
    #[must_use]
    pub fn private_cookies(&self) -> Vec<(&'static str, &'static str)> {
        let is_there = |name: &str| self.upstreams.iter().any(|upstream| upstream.name == name);
        let services = tombolo_services::ALL.iter().filter(|service| is_there(service.name));
        services.flat_map(|one| one.cookies.iter().map(|cookie| (*cookie, one.name))).collect()
    }

    /// Where data goes unless the file or `--data` says otherwise.
    pub const DEFAULT_DATA_DIR: &'static str = "tombolo-data";

    /// Where services keep what they must remember: what the file says, or a SQLite file in the
    /// data folder.
    #[must_use]
    pub fn database(&self) -> DatabaseUrl {
        let in_data_dir = || DatabaseUrl::of_file(&self.data_dir.join(Storage::DEFAULT_FILE));
        self.storage.database.clone().unwrap_or_else(in_data_dir)
    }

    /// Where the content of files lies: what the file says, or a folder in the data folder.
    #[must_use]
    pub fn objects(&self) -> ObjectsUrl {
        let in_data_dir = || ObjectsUrl::of_folder(&self.data_dir.join(Storage::DEFAULT_FOLDER));
        self.storage.objects.clone().unwrap_or_else(in_data_dir)
    }

    /// The most bytes a request body on this route may have. None: any number.
    #[must_use]
    pub fn body_limit(&self, route: &Route) -> Option<u64> {
        let upstream = self.upstreams.get(route.upstream);
        let limits = route.limits.or(upstream.map(|one| one.limits).unwrap_or_default());
        let bytes = limits.body_bytes.unwrap_or(self.gateway.limits.body_bytes);
        (bytes > 0).then_some(bytes)
    }
}

/// Defaults everywhere, and nothing to route to.
impl Default for Config {
    fn default() -> Self {
        Self {
            gateway: Gateway::default(),
            access_log: AccessLog::default(),
            cache: None,
            upstreams: Vec::new(),
            routes: Vec::new(),
            tcp: Vec::new(),
            traces: None,
            services: Vec::new(),
            storage: Storage::default(),
            up: Up::default(),
            data_dir: Self::DEFAULT_DATA_DIR.into(),
            from_environment: FromEnvironment::default(),
        }
    }
}
