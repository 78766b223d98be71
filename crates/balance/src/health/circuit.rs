//! A server's ejection in the words of circuit breakers.

/// Whether requests flow to a server, as those who know circuit breakers say it. Failed requests
/// alone open a circuit: one that is down or draining may well have a closed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Circuit {
    /// Requests flow.
    Closed,
    /// It is ejected: none do.
    Open,
    /// A few do, to show how it does.
    HalfOpen,
}

impl Circuit {
    /// Every state, in the order in which they are documented.
    pub const ALL: [Circuit; 3] = [Circuit::Closed, Circuit::Open, Circuit::HalfOpen];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Circuit::Closed => "closed",
            Circuit::Open => "open",
            Circuit::HalfOpen => "half-open",
        }
    }
}
