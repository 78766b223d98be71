//! How much the clients that requests come from may post.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
pub(super) use tombolo_serve::{Client, Clients};

use super::refusal::Refusal;
use crate::limits;

/// How fast each client may do something.
#[derive(Debug)]
pub(super) struct Rates {
    rates: Option<(DefaultKeyedRateLimiter<IpAddr>, DefaultDirectRateLimiter)>,
    clock: DefaultClock,
}

impl Rates {
    /// So many each second, and a few seconds' worth at once; 0 for any number.
    pub(super) fn new(rate: u32) -> Self {
        Self::of(NonZeroU32::new(rate).map(|rate| {
            let burst =
                rate.saturating_mul(NonZeroU32::MIN.saturating_add(limits::BURST_SECONDS - 1));
            Quota::per_second(rate).allow_burst(burst)
        }))
    }

    /// How fast clients may begin rooms.
    pub(super) fn of_new_rooms() -> Self {
        let burst = NonZeroU32::new(limits::NEW_ROOMS).unwrap_or(NonZeroU32::MIN);
        Self::of(Quota::with_period(limits::NEW_ROOM_TIME).map(|quota| quota.allow_burst(burst)))
    }

    fn of(quota: Option<Quota>) -> Self {
        let rates = quota.map(|quota| (RateLimiter::keyed(quota), RateLimiter::direct(quota)));
        Self { rates, clock: DefaultClock::default() }
    }

    /// Whether nothing is counted.
    pub(super) fn is_off(&self) -> bool {
        self.rates.is_none()
    }

    /// Counts one.
    pub(super) fn count(&self, client: Client) -> Result<(), Refusal> {
        let Some((each, newcomers)) = &self.rates else { return Ok(()) };
        if each.len() >= limits::CLIENTS {
            each.retain_recent();
        }
        let counted = if each.len() >= limits::CLIENTS {
            newcomers.check()
        } else {
            each.check_key(&client.network())
        };
        counted.map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Refusal::TooFast(wait.as_secs().saturating_add(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_begun_a_few_at_once() {
        let rates = Rates::of_new_rooms();
        let ana = Client::at("2001:db8::1".parse().unwrap());
        assert!((0..limits::NEW_ROOMS).all(|_| rates.count(ana).is_ok()));
        assert!(matches!(rates.count(ana), Err(Refusal::TooFast(1..=60))));
    }

    #[test]
    fn a_client_that_posts_too_fast_is_told_when_to_go_on() {
        let rates = Rates::new(5);
        let ana = Client::at("2001:db8::1".parse().unwrap());
        let eva = Client::at("2001:db9::1".parse().unwrap());
        let mut taken = 0;
        while rates.count(ana).is_ok() {
            taken += 1;
        }
        assert!((20..25).contains(&taken), "{taken}");
        assert!(matches!(
            rates.count(Client::at("2001:db8::2".parse().unwrap())),
            Err(Refusal::TooFast(1))
        ));
        assert!(rates.count(eva).is_ok());
        assert!((0..100).all(|_| Rates::new(0).count(ana).is_ok()));
    }
}
