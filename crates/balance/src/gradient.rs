//! A limit that finds itself, from how long a server's answers take.
//!
//! A server that has as many requests as it can work on at one time answers each as fast as it
//! ever does. One more, and requests wait for each other inside it: the time to an answer grows and
//! nothing is gained. The limit follows the quotient of the two times, as TCP Vegas follows that of
//! round-trip times (L. Brakmo, L. Peterson, "TCP Vegas: End to End Congestion Avoidance on a Global
//! Internet", 1995) and Netflix' concurrency-limits (its Gradient2) that of latencies:
//!
//! ```text
//! limit' = limit x clamp(TOLERANCE x base / now, 0.5, 1) + sqrt(limit)
//! ```
//! The square root is the queue that is allowed at the server, without which nobody would notice that
//! it could do more. What an answer takes at a server that is not overrun (`base`) is not the long
//! average that Gradient2 takes, which drifts upwards while a server stays overrun, but is measured: at
//! the start, whenever there is little to do, and else from time to time at a third of the limit, as BBR
//! does for its round-trip time. With a server that works on `c` at one time, the limit settles where
//! `limit = 1.5 c + sqrt(limit)`; a third of that is less than `c`, so what is measured there is true.
//!
//! Pure: windows of samples in, a limit out.

use std::time::Duration;

/// How much longer than `base` answers may take before the limit comes down.
const TOLERANCE: f64 = 1.5;

/// What a window changes of the limit, of what it would change alone: one window may be by chance.
const SMOOTHING: f64 = 0.3;

/// What a window in which requests failed for want of an answer leaves of the limit.
const BACKOFF: f64 = 0.9;

/// One request in so many may go without an answer before that.
const LOST_ONE_IN: u64 = 20;

/// The part of the limit at which no server that this limit was found for is overrun.
const EASY: f64 = 1.0 / 3.0;

/// The part of the limit that must have been in use before it grows.
const USED: f64 = 0.8;

/// Samples from which a window says enough to be closed, however short it is.
const SAMPLES: u64 = 20;

/// A window is closed at the latest after this time, and waits for a sample if it has none.
const LONGEST: Duration = Duration::from_secs(1);

/// Samples that `base` is measured by.
const MEASURED: u64 = 60;

/// `base` is measured anew when it was not seen for so long.
const MEASURE_AFTER: Duration = Duration::from_secs(30);

/// The same when the limit has come down to less than half since: the server itself may be slower.
const MEASURE_SOON: Duration = Duration::from_secs(5);

/// A measurement ends after so long, whatever it has.
const MEASURE_AT_MOST: Duration = Duration::from_secs(5);

/// What a window of little to do adds to `base`, of itself.
const FOLLOWING: f64 = 0.1;

/// What was seen of one server in a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// How long it was.
    pub length: Duration,
    /// Answers that began.
    pub samples: u64,
    /// The sum of the times they took to begin, in microseconds.
    pub micros: u64,
    /// Most requests that were at the server at one time.
    pub most: u32,
    /// Requests that had no answer in time, or no connection.
    pub lost: u64,
}

impl Window {
    /// Whether it says enough, or is long enough, to be closed.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.samples >= SAMPLES || self.length >= LONGEST && self.samples.max(self.lost) > 0
    }
}

/// Between which numbers the limit finds itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The smallest limit, at least 1.
    pub min: u32,
    /// The largest.
    pub max: u32,
}

/// One server's limit.
#[derive(Debug, Clone)]
pub struct Gradient {
    bounds: Bounds,
    limit: f64,
    /// What an answer takes at a server that is not overrun, in microseconds; 0: not known yet.
    base: f64,
    /// How long ago that was seen, and the limit of then.
    unseen: Duration,
    limit_then: f64,
    /// `base` is being measured.
    measuring: Option<Measuring>,
}

/// A measurement of `base`, at a limit below the one found.
#[derive(Debug, Clone, Copy, Default)]
struct Measuring {
    /// A window has passed with no more requests at the server than this lets in.
    is_quiet: bool,
    samples: u64,
    micros: u64,
    passed: Duration,
}

impl Gradient {
    /// Begins at the smallest limit, where it measures what an answer takes.
    #[must_use]
    pub fn new(bounds: Bounds) -> Gradient {
        let limit = f64::from(bounds.min.max(1));
        Gradient {
            bounds,
            limit,
            base: 0.0,
            unseen: Duration::ZERO,
            limit_then: limit,
            // Nobody was there before.
            measuring: Some(Measuring { is_quiet: true, ..Measuring::default() }),
        }
    }

    /// Goes on between other bounds.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        self.limit = self.within(self.limit);
    }

    /// The limit in force.
    #[must_use]
    pub fn limit(&self) -> u32 {
        let limit = if self.measuring.is_some() { self.limit * EASY } else { self.limit };
        self.within(limit).round() as u32
    }

    /// What an answer takes at a server that is not overrun, in microseconds; none: not known yet.
    #[must_use]
    pub fn base_micros(&self) -> Option<u64> {
        (self.base > 0.0).then_some(self.base as u64)
    }

    /// Takes in what was seen since the last time.
    pub fn close(&mut self, window: &Window) {
        self.unseen = self.unseen.saturating_add(window.length);
        let is_losing = window.lost > window.samples / LOST_ONE_IN;
        if is_losing {
            self.limit = self.within(self.limit * BACKOFF);
        }
        if window.samples == 0 {
            return;
        }
        let now = window.micros as f64 / window.samples as f64;
        if let Some(measuring) = self.measuring {
            self.measure(measuring, window);
        } else if f64::from(window.most) <= self.limit * EASY {
            self.saw(self.base + (now - self.base) * FOLLOWING);
        } else {
            self.follow(now, window.most, is_losing);
            let is_down = self.limit < self.limit_then / 2.0;
            if self.unseen >= if is_down { MEASURE_SOON } else { MEASURE_AFTER } {
                self.measuring = Some(Measuring::default());
            }
        }
    }

    fn follow(&mut self, now: f64, most: u32, is_losing: bool) {
        let gradient = (TOLERANCE * self.base / now.max(1.0)).clamp(0.5, 1.0);
        let wanted = self.limit * gradient + self.limit.sqrt();
        // What is not used up says nothing about more of it.
        let may_grow = !is_losing && f64::from(most) >= self.limit * USED;
        if may_grow || wanted < self.limit {
            self.limit = self.within(self.limit + (wanted - self.limit) * SMOOTHING);
        }
    }

    fn measure(&mut self, mut measuring: Measuring, window: &Window) {
        measuring.passed = measuring.passed.saturating_add(window.length);
        let is_easy = window.most <= self.limit();
        // What began while it was not had others to wait for.
        if is_easy && measuring.is_quiet {
            measuring.samples = measuring.samples.saturating_add(window.samples);
            measuring.micros = measuring.micros.saturating_add(window.micros);
        }
        measuring.is_quiet |= is_easy;
        self.measuring = Some(measuring);
        if measuring.samples >= MEASURED || measuring.passed >= MEASURE_AT_MOST {
            self.measuring = None;
            let (samples, micros) = match measuring.samples {
                0 if self.base == 0.0 => (window.samples, window.micros),
                samples => (samples, measuring.micros),
            };
            self.saw(if samples > 0 { micros as f64 / samples as f64 } else { self.base });
        }
    }

    fn saw(&mut self, base: f64) {
        self.base = base.max(1.0);
        self.unseen = Duration::ZERO;
        self.limit_then = self.limit;
    }

    fn within(&self, limit: f64) -> f64 {
        let least = f64::from(self.bounds.min.max(1));
        limit.clamp(least, f64::from(self.bounds.max).max(least))
    }
}

#[cfg(test)]
mod tests;
