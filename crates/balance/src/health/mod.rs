//! How a server does, as functions of events and time. Opens no socket and reads no clock: whoever
//! asks brings the time, as a [`std::time::Duration`] since a moment of its own choosing.
//!
//! | file | one idea |
//! |---|---|
//! | `condition.rs` | up, down, draining or ejected, and the gate that follows from it |
//! | `checks.rs` | what checks in a row mean |
//! | `window.rs` | the rate of failures over the last seconds |
//! | `outlier.rs` | whether a server fails more than its peers |
//! | `ejection.rs` | out after failures, for longer each time, and back over a few probes |
//! | `circuit.rs` | the same in the words of circuit breakers |
//! | `remembered.rs` | what whoever comes after should know |

mod checks;
mod circuit;
mod condition;
mod ejection;
mod outlier;
mod remembered;
mod window;

pub use checks::{CheckCounts, Verdict};
pub use circuit::Circuit;
pub use condition::{Condition, ServerState};
pub use ejection::{EjectionCause, EjectionRules, MaxEjected};
pub use outlier::Tally;
pub use remembered::{EjectionStage, PastEjection, Remembered};
pub use window::{FailureWindow, Totals};
