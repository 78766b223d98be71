//! Why a client has no answer.

use std::io;

use super::LOSSES;

/// Why there is no answer. The requests that have none may be asked again at any time.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server could be reached.
    #[error(
        "cannot reach a calculator at {server}: {source}; is it running ('tombolo serve \
         calculator'), and is that its address (--server)?"
    )]
    Unreachable {
        /// The address asked for.
        server: String,
        /// What the system said, last.
        source: io::Error,
    },
    /// What answers is no calculator.
    #[error("{server} does not speak the calculator's protocol: it sent {line:?}; see --server")]
    Stranger {
        /// The address.
        server: String,
        /// What it sent.
        line: String,
    },
    /// Every connection ended before this request had its answer.
    #[error("the connection was lost {LOSSES} times over {request:?}: {source}")]
    GivenUp {
        /// The request.
        request: String,
        /// How the last one ended.
        source: io::Error,
    },
    /// The variables cannot be brought to another replica.
    #[error("the connection was lost, and the variables with it: {0}")]
    Variables(String),
}
