//! What every program of Tombolo does alike, so that they behave alike: the configuration file,
//! exit codes, listening, what a terminal gets to see, program logs, the shutdown signals, the process's own resources and memory, and
//! pages: those that say what went wrong, and the filling in of others.
//!
//! It knows nothing of HTTP connections, of the access log's writer, or of what a service does.

pub mod clients;
pub mod config;
pub mod exit;
pub mod file_watch;
pub mod json;
pub mod listener;
pub mod logging;
pub mod loopback;
pub mod memory;
pub mod orchestration;
pub mod problem;
pub mod process_name;
pub mod resources;
pub mod shutdown;
pub mod template;
pub mod terminal;
