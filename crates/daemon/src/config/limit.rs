//! How many requests each server of an upstream is asked at one time, and how others wait, as meant.

use std::time::Duration;

/// The bound of what is under way at each server: `limit` of an `[[upstream]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamLimit {
    /// Requests at one time at each server; with `adaptive` the most that the limit can become.
    pub in_flight: u32,
    /// Requests that wait while all servers are full; 0: none does.
    pub queue: usize,
    /// How long each of them waits at most.
    pub wait: Duration,
    /// The limit of each server finds itself. None: it is `in_flight`.
    pub adaptive: Option<Adaptive>,
}

/// A limit that finds itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adaptive {
    /// The least that it can become, 1 to `in_flight`.
    pub min: u32,
}

impl UpstreamLimit {
    /// The most that a limit can be.
    pub const IN_FLIGHT_MAX: u32 = 1_000_000;
    /// The queue unless the file says otherwise.
    pub const QUEUE: usize = 1000;
    /// The longest queue.
    pub const QUEUE_MAX: usize = 1_000_000;
    /// The wait unless the file says otherwise.
    pub const WAIT: Duration = Duration::from_secs(5);
    /// The least of a limit that finds itself, unless the file says otherwise.
    pub const MIN: u32 = 4;

    /// So many at one time, and the default queue.
    #[must_use]
    pub fn new(in_flight: u32) -> Self {
        Self { in_flight, queue: Self::QUEUE, wait: Self::WAIT, adaptive: None }
    }
}
