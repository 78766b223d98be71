//! The reverse proxy and load balancer: data plane and control plane.
//!
//! ```text
//!  control_plane   reads configuration, names and signals; publishes a snapshot
//!       │ (an Arc, read only)
//!  data_plane      a thread for each core: listeners, connections, buffers, deadlines
//!       │
//!  exchange        the life of a request, stage by stage
//!       │
//!  tcp             connections that are not HTTP, passed on as they are
//!  upstream        servers, connections to them, pools
//!  access_log      one line for each request, written off the request path
//!  rate_limit      how often a route may be asked
//!  timing          the phases that the time of a request is spent in
//!  recent          the last exchanges of each thread, for who asks why
//!  metrics         counters of each thread, and their text for Prometheus
//! ```
//! Start with `exchange/mod.rs`: it names the stages of a request in order.

pub mod access_log;
mod control_plane;
mod data_plane;
mod error;
mod exchange;
mod metrics;
mod rate_limit;
mod recent;
mod tcp;
mod timing;
mod upstream;

pub use control_plane::{AdminError, Source};
pub use data_plane::BindError;
pub use error::Error;

use tombolo_daemon::config::Config;

/// Runs a gateway until SIGINT or SIGTERM has drained it. Blocks the calling thread. `source` is
/// where `config` was read from, and is read again at a reload.
///
/// # Errors
/// When an address cannot be listened on, the access log cannot be opened, or the system denies a
/// thread: each says what to do. Nothing is served then.
pub fn run(config: Config, source: Source) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(Error::Thread)?;
    let outcome = runtime.block_on(control_plane::supervise(config, source));
    // A look-up of a name may still hang in the system's resolver: it is not waited for.
    runtime.shutdown_background();
    outcome
}
