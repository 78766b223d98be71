//! What the endpoints can see of the gateway.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tombolo_daemon::shutdown::Shutdown;

use crate::access_log::Lines;
use crate::control_plane::Snapshot;
use crate::data_plane::{Admission, Speaks};
use crate::metrics::{Gauges, Metrics};

/// Handles on the running gateway.
pub(crate) struct Facts {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) log_lines: Lines,
    pub(crate) shutdown: Shutdown,
    /// Where the data plane listens.
    pub(crate) listeners: Vec<(Speaks, SocketAddr)>,
    /// Threads of the data plane.
    pub(crate) workers: usize,
    /// When the gateway began, on both clocks.
    pub(crate) started: (Instant, SystemTime),
}

impl Facts {
    /// What is read at this moment.
    pub(super) fn gauges(&self) -> Gauges {
        Gauges {
            workers: self.workers,
            connections: self.admission.open(),
            connections_limit: self.admission.limit(),
            connections_refused: self.admission.refused(),
            draining: self.shutdown.is_draining(),
            log_lines: (self.log_lines.written(), self.log_lines.dropped()),
        }
    }
}
