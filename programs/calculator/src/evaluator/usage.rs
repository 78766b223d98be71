//! What each client has used of the evaluators of late: the older, the less it counts.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::limits::{USAGE_CLIENTS, USAGE_HALF_LIFE};

/// Below this a client's use is forgotten.
const LEAST: Duration = Duration::from_millis(1);

/// What clients used, by their network.
#[derive(Debug, Default)]
pub(super) struct Usage {
    clients: HashMap<IpAddr, Used>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    time: Duration,
    at: Instant,
}

impl Usage {
    /// What a client has used, as it counts now.
    pub(super) fn of(&self, client: IpAddr, now: Instant) -> Duration {
        self.clients.get(&client).map_or(Duration::ZERO, |used| used.left(now))
    }

    /// A client has used, or is about to use, so much more.
    pub(super) fn add(&mut self, client: IpAddr, time: Duration, now: Instant) {
        if self.clients.len() >= USAGE_CLIENTS && !self.clients.contains_key(&client) {
            self.clients.retain(|_, used| used.left(now) >= LEAST);
        }
        let time = self.of(client, now).saturating_add(time);
        if self.clients.len() < USAGE_CLIENTS || self.clients.contains_key(&client) {
            self.clients.insert(client, Used { time, at: now });
        }
    }

    /// A client has not used so much of what was counted before.
    pub(super) fn take_back(&mut self, client: IpAddr, time: Duration, now: Instant) {
        if let Some(used) = self.clients.get_mut(&client) {
            *used = Used { time: used.left(now).saturating_sub(time), at: now };
        }
    }
}

impl Used {
    fn left(self, now: Instant) -> Duration {
        let age = now.saturating_duration_since(self.at).as_secs_f64();
        self.time.mul_f64(0.5_f64.powf(age / USAGE_HALF_LIFE.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_counts_half_after_its_half_life() {
        let (now, client) = (Instant::now(), IpAddr::from([192, 0, 2, 1]));
        let mut usage = Usage::default();
        usage.add(client, Duration::from_secs(8), now);
        let later = now + 2 * USAGE_HALF_LIFE;
        assert_eq!(usage.of(client, later).as_millis(), 2000);
        usage.take_back(client, Duration::from_secs(1), later);
        assert_eq!(usage.of(client, later).as_millis(), 1000);
        assert_eq!(usage.of(IpAddr::from([192, 0, 2, 2]), now), Duration::ZERO);
    }
}
