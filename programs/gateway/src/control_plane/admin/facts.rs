//! What the endpoints can see of the gateway.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::access_log::Lines;
use crate::control_plane::series::Series;
use crate::control_plane::{Addresses, Publication, Reloads, Snapshot, Standing, Wishes, traces};
use crate::data_plane::Admission;
use crate::metrics::{Gauges, Metrics};
use crate::recent::Memory;

/// Handles on the running gateway.
pub(crate) struct Facts {
    pub(crate) publication: Arc<Publication>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) series: Arc<Series>,
    /// What became of recorded requests, where any are.
    pub(crate) traces: Option<Arc<traces::Tally>>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) log_lines: Lines,
    pub(crate) standing: Arc<Standing>,
    pub(crate) reloads: Arc<Reloads>,
    /// Where the data plane listens.
    pub(crate) listeners: Addresses,
    pub(crate) wishes: Wishes,
    /// The socket of the `tombolo up` that runs this gateway.
    pub(crate) orchestrator: Option<PathBuf>,
    /// Threads of the data plane.
    pub(crate) workers: usize,
    /// When the gateway began, on both clocks.
    pub(crate) started: (Instant, SystemTime),
}

impl Facts {
    /// The configuration in force.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.publication.current()
    }

    /// Whether the last reload was taken, and when that was; the start counts as one.
    fn reload(&self) -> (bool, SystemTime) {
        self.reloads.last().map_or((true, self.started.1), |last| (last.outcome.is_ok(), last.at))
    }

    /// What is read at this moment.
    pub(super) fn gauges(&self) -> Gauges {
        Gauges {
            workers: self.workers,
            connections: self.admission.open(),
            connections_limit: self.admission.limit(),
            connections_refused: self.admission.refused(),
            draining: self.standing.is_draining(),
            reload: self.reload(),
            log_lines: (self.log_lines.written(), self.log_lines.dropped()),
        }
    }
}
