//! The family of traces.

use super::exposition::{Exposition, Kind};
use crate::control_plane::traces::Tally;

/// Writes what became of requests whose trace is recorded.
pub(crate) fn write_traces(out: &mut Exposition, tally: &Tally) {
    let (sent, dropped) = tally.totals();
    let help = "Requests whose trace is recorded, by what became of their spans.";
    out.family("tombolo_traced_requests", Kind::Counter, "", help)
        .sample(&[("outcome", "sent")], sent)
        .sample(&[("outcome", "dropped")], dropped);
}
