//! Why something cannot be done, and whether another try makes sense.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The library cannot be reached, or the line was cut.
    #[error("no answer from the library: {0}")]
    Line(String),
    /// The library cannot do it now.
    #[error("{detail} (status {status})")]
    NotNow {
        /// The status of its answer.
        status: u16,
        /// What it said.
        detail: String,
        /// When it may be asked again.
        after: Option<Duration>,
    },
    /// The library refuses it.
    #[error("{detail} (status {status})")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// The answer is none of this protocol.
    #[error("the answer of the library cannot be understood: {0}; is it a library?")]
    Nonsense(String),
    /// A file of this machine cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What arrived is not what was sent.
    #[error("{0}")]
    Differs(String),
}

impl Failure {
    /// Whether another try may succeed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Line(_) | Self::NotNow { .. })
    }

    /// What a final failure of a file is.
    pub(super) fn of_file(path: &std::path::Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }

    /// What an answer that is no success means.
    pub(super) fn of_answer(status: u16, after: Option<u64>, body: &[u8]) -> Self {
        let told: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let member = |name: &str| {
            let text = told.as_ref()?.get(name)?.as_str()?;
            Some(tombolo_daemon::terminal::line(text).into_owned())
        };
        let detail = member("detail").or_else(|| member("title"));
        let detail = detail.unwrap_or_else(|| "The library did not do it.".to_owned());
        match status {
            408 | 409 | 423 | 425 | 429 | 500 | 502..=504 => {
                Self::NotNow { status, detail, after: after.map(Duration::from_secs) }
            }
            _ => Self::Refused { status, detail },
        }
    }
}
