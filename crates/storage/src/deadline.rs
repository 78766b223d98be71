//! When a piece of work must be over.

use std::time::Duration;

use tokio::time::Instant;

/// The moment after which nobody waits for a piece of work any more. It covers everything: the
/// wait for a connection, connecting, the statements and the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(time).unwrap_or(now))
    }

    /// The earlier of this one and `time` from now.
    #[must_use]
    pub fn at_most(self, time: Duration) -> Self {
        self.min(Self::after(time))
    }

    /// What is left of it; zero once it has passed.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// As the runtime counts time.
    pub(crate) fn instant(self) -> Instant {
        self.0
    }
}
