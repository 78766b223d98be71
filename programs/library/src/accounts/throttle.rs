//! Tries that fail are counted in the database, so that guessing gets no faster with more replicas.
//!
//! An account that strangers try from many networks is closed to networks that it does not know. Those
//! from which somebody has logged in to it (`library_known_network`) have counts of their own alone,
//! so that nobody is locked out at home.
//!
//! A row for each account and network together, for each account, and for each network, by the
//! generic cell rate algorithm: one number, the time at which all tries will be forgotten. A try
//! that succeeds costs nothing, so many log-ins at once are no reason to refuse one. Tries are
//! looked at before the password is compared and counted after it: as many as may be compared at
//! once can pass together, and each of them counts.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tombolo_serve::Client;
use tombolo_storage::{Error, Query};

use crate::limits::{self, Tries};
use crate::problem::Problem;
use crate::state::Library;
use crate::time::Time;

const LOOK: &str = "SELECT key, free_at FROM library_throttle WHERE key = ANY($1)";
/// `$1` key, `$2` now, `$3` what a try costs, `$4` the latest time to be refused until.
const COUNT: &str = "INSERT INTO library_throttle (key, free_at) VALUES ($1, $2 + $3)
    ON CONFLICT (key) DO UPDATE SET free_at = CASE
        WHEN library_throttle.free_at <= $2 THEN $2 + $3
        WHEN library_throttle.free_at + $3 > $4 THEN $4
        ELSE library_throttle.free_at + $3 END";
const FORGET: &str = "DELETE FROM library_throttle WHERE key = $1";

/// What tries are counted by.
#[derive(Debug)]
pub(super) struct Throttle {
    counters: Vec<(String, Tries)>,
}

impl Throttle {
    /// Of log-ins to an account, from a network that it knows or not.
    pub(super) fn of_log_in(account: &str, client: Client, is_known: bool) -> Self {
        let network = client.network();
        let mut counters =
            vec![(key(&["both", account, &network.to_string()]), limits::TRIES_BOTH)];
        counters.extend((!is_known).then(|| (key(&["account", account]), limits::TRIES_ACCOUNT)));
        counters.extend(of_network("network", network).map(|key| (key, limits::TRIES_NETWORK)));
        Self { counters }
    }

    /// Of registrations from a network.
    pub(super) fn of_registration(client: Client) -> Self {
        let key = of_network("registration", client.network());
        Self { counters: key.map(|key| (key, limits::REGISTRATIONS)).into_iter().collect() }
    }

    /// Refuses when there were too many tries; tells whether there were any.
    pub(super) async fn check(&self, library: &Library) -> Result<bool, Problem> {
        if self.counters.is_empty() {
            return Ok(false);
        }
        let keys: Vec<String> = self.counters.iter().map(|(key, _)| key.clone()).collect();
        let rows = library.query(Query::new(LOOK).bind(keys)).await?;
        let now = Time::now();
        let mut wait = Duration::ZERO;
        for row in &rows {
            let (key, free_at): (String, _) = (row.get(0)?, Time::of_row(row, 1)?);
            let tries = self.counters.iter().find(|(one, _)| *one == key).map(|(_, tries)| tries);
            wait = wait.max(tries.map_or(Duration::ZERO, |tries| tries.wait(now, free_at)));
        }
        if wait.is_zero() {
            return Ok(!rows.is_empty());
        }
        let seconds = wait.as_secs().saturating_add(1);
        Err(Problem::too_many(
            seconds,
            format!("Too many tries; the next one is possible in {seconds} s."),
        ))
    }

    /// Counts a try.
    pub(super) async fn count(&self, library: &Library) -> Result<(), Error> {
        for (key, tries) in &self.counters {
            let now = Time::now();
            let cost = i64::try_from(tries.period.as_millis()).unwrap_or(i64::MAX);
            let latest = now.plus(tries.window()).plus(limits::TRIES_PENALTY);
            let query = Query::new(COUNT).bind(key.as_str()).bind(now).bind(cost).bind(latest);
            library.call(query).await?;
        }
        Ok(())
    }

    /// Forgets the tries that failed before one succeeded: those of this account from this network.
    pub(super) async fn forget(&self, library: &Library) -> Result<(), Error> {
        let Some((key, _)) = self.counters.first() else { return Ok(()) };
        library.call(Query::new(FORGET).bind(key.as_str())).await.map(drop)
    }
}

impl Tries {
    /// How far ahead the tries that are possible at once reach.
    fn window(&self) -> Duration {
        self.period.saturating_mul(self.burst)
    }

    /// How long until another try is possible.
    fn wait(&self, now: Time, free_at: Time) -> Duration {
        let next = free_at.plus(self.period).minus(self.window());
        next.since(now)
    }
}

/// What the database knows a network of an account by.
pub(super) fn known_network(account: &str, client: Client) -> String {
    key(&["known", account, &client.network().to_string()])
}

/// A key of a network; none for this machine, whose users all look alike.
fn of_network(kind: &str, network: IpAddr) -> Option<String> {
    (!network.is_loopback()).then(|| key(&[kind, &network.to_string()]))
}

/// Addresses of people are not kept: a key is a hash.
fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_each_period() {
        let tries = Tries { burst: 3, period: Duration::from_secs(10) };
        let now = Time::of_millis(1_000_000);
        let after = |tries: u32| now.plus(Duration::from_secs(10) * tries);
        for (free_at, seconds) in
            [(now, 0), (after(1), 0), (after(2), 0), (after(3), 10), (after(4), 20)]
        {
            assert_eq!(tries.wait(now, free_at), Duration::from_secs(seconds), "{free_at}");
        }
        assert_eq!(tries.wait(after(1), after(3)), Duration::ZERO);
    }

    #[test]
    fn this_machine_is_no_network() {
        let here = Throttle::of_log_in("ana", Client::at([127, 0, 0, 1].into()), false);
        let there = Throttle::of_log_in("ana", Client::at([192, 0, 2, 1].into()), false);
        assert_eq!((here.counters.len(), there.counters.len()), (2, 3));
        assert!(Throttle::of_registration(Client::at([127, 0, 0, 1].into())).counters.is_empty());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn strangers_lock_nobody_out_at_home() {
        for world in crate::testing::World::each().await {
            let other = world.replica().await;
            let email = "ana@example.org";
            let body = json!({"email": email, "name": "Ana", "password": "correct horse"});
            let made = world.send(None, "POST", "/library/api/users", &[], &body.to_string()).await;
            assert_eq!(made.status, 201, "{made:?}");
            let log_in = async |world: &crate::testing::World, from: &str, password: &str| {
                let body = json!({"email": email, "password": password}).to_string();
                let from = [("x-forwarded-for", from)];
                world.send(None, "POST", "/library/api/sessions", &from, &body).await.status
            };
            assert_eq!(log_in(&world, "192.0.2.7", "correct horse").await, 201);
            // What 108 wrong tries from 12 networks leave.
            for network in 0..12 {
                let stranger = Client::at([198, 51, 100, network].into());
                let throttle = Throttle::of_log_in(email, stranger, false);
                for _ in 0..9 {
                    throttle.count(&world.library).await.unwrap();
                }
            }
            // A network that it does not know cannot even try; the one at home can, at any replica.
            assert_eq!(log_in(&other, "203.0.113.9", "correct horse").await, 429);
            assert_eq!(log_in(&other, "192.0.2.7", "correct horse").await, 201);
            // Who guesses there has a count of their own.
            for _ in 0..10 {
                log_in(&other, "192.0.2.7", "wrong horse").await;
            }
            assert_eq!(log_in(&world, "192.0.2.7", "correct horse").await, 429);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn few_networks_are_known_of_a_user() {
        let world = crate::testing::World::with(|_| {}).await;
        let body =
            json!({"email": "a@b.c", "name": "Ana", "password": "correct horse"}).to_string();
        world.send(None, "POST", "/library/api/users", &[], &body).await;
        let body = json!({"email": "a@b.c", "password": "correct horse"}).to_string();
        for network in 0..limits::KNOWN_NETWORKS + 3 {
            let from = format!("198.51.{network}.1");
            let from = [("x-forwarded-for", from.as_str())];
            let sent = world.send(None, "POST", "/library/api/sessions", &from, &body).await;
            assert_eq!(sent.status, 201);
        }
        let count = Query::new("SELECT count(*) FROM library_known_network");
        let count: i64 = world.library.query(count).await.unwrap()[0].get(0).unwrap();
        assert_eq!(count, i64::from(limits::KNOWN_NETWORKS));
    }
}
