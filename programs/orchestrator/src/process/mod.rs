//! Child processes: starting one, learning that it serves, signalling it, learning how it ended.

mod child;
mod conduit;
mod keeper;
mod pulse;
mod readiness;
mod spawn;

pub(crate) use child::Child;
pub(crate) use keeper::{Command, Run, Running};
pub(crate) use readiness::{Probe, ready};
pub(crate) use spawn::{Launcher, Surroundings, is_passed_on};
