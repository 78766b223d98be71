//! How many transfers may be under way at once: in all at this replica, and of each user at all
//! replicas, as their plan says; and none where the plan allows no more bytes this month. Who comes too early waits in line, is told its place, and is turned
//! away when it has waited too long or the line is too long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::allowance::{Short, exceeded_by_owner};
use super::line::{Come, Line, WaiterId};
use super::ticket::Ticket;
use crate::ids::UserId;
use crate::limits;
use crate::plans::plan;
use crate::problem::Problem;
use crate::state::{Library, reading};

/// The door.
#[derive(Debug)]
pub(crate) struct Admission {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    line: Line,
    waiters: HashMap<WaiterId, Waiter>,
    /// How many transfers each user may have, as it was read a moment ago.
    allowed: HashMap<UserId, (usize, Instant)>,
    /// How many each user has at other replicas.
    elsewhere: HashMap<UserId, usize>,
}

#[derive(Debug)]
struct Waiter {
    let_in: oneshot::Sender<()>,
    /// Where its place in line is told.
    entry: Arc<super::book::Entry>,
}

/// A place inside. Dropped, the next in line has it.
#[derive(Debug)]
pub(crate) struct Pass {
    shared: Arc<Mutex<Shared>>,
    lane: String,
}

/// Gives up waiting when the client leaves.
struct Waiting {
    shared: Arc<Mutex<Shared>>,
    lane: String,
    id: Option<WaiterId>,
}

impl Admission {
    /// A door to so many places.
    pub(crate) fn new(places: usize) -> Self {
        let shared = Shared {
            line: Line::new(places, limits::QUEUED_TRANSFERS),
            waiters: HashMap::new(),
            allowed: HashMap::new(),
            elsewhere: HashMap::new(),
        };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Waits for a place. `network` stands for somebody without an account. What is moved counts
    /// against the plan of the ticket's payer.
    pub(crate) async fn enter(
        &self,
        library: &Library,
        user: Option<UserId>,
        network: IpAddr,
        ticket: &mut Ticket,
    ) -> Result<Pass, Problem> {
        if let Some(payer) = ticket.entry.begin.payer {
            let account = library.allowances.of(payer);
            account.open().await.map_err(|short| match short {
                Short::Exceeded { .. } if user != Some(payer) => exceeded_by_owner(),
                short => short.into(),
            })?;
            ticket.charge(Some(account));
        }
        let (lane, most) = match user {
            Some(user) => (user.to_string(), self.allowed(library, user).await?),
            None => (network.to_string(), limits::ANONYMOUS_TRANSFERS),
        };
        let (mut waiting, let_in) = {
            let mut shared = lock(&self.shared);
            match shared.line.come(&lane, most) {
                Come::In => return Ok(Pass { shared: Arc::clone(&self.shared), lane }),
                Come::TurnedAway => return Err(shared.turned_away(&lane, most)),
                Come::Waits(id) => {
                    let (let_in, told) = oneshot::channel();
                    let entry = Arc::clone(&ticket.entry);
                    shared.waiters.insert(id, Waiter { let_in, entry });
                    shared.tell_places();
                    let shared = Arc::clone(&self.shared);
                    (Waiting { shared, lane: lane.clone(), id: Some(id) }, told)
                }
            }
        };
        if let Ok(Ok(())) = timeout(limits::QUEUE_TIME, let_in).await {
            waiting.id = None;
            return Ok(Pass { shared: Arc::clone(&self.shared), lane });
        }
        // It may have been let in at the same moment: then dropping `waiting` gives the place back.
        let place = ticket.entry.position();
        let is_own = lock(&self.shared).line.is_full(&lane, most);
        drop(waiting);
        Err(too_busy(place, is_own))
    }

    /// How many transfers are under way here, and how many wait.
    pub(super) fn counts(&self) -> (usize, usize) {
        lock(&self.shared).line.counts()
    }

    /// Notes how many transfers each user has at other replicas.
    pub(super) fn set_elsewhere(&self, elsewhere: HashMap<UserId, usize>) {
        lock(&self.shared).elsewhere = elsewhere;
    }

    /// How many transfers a user may have at this replica.
    async fn allowed(&self, library: &Library, user: UserId) -> Result<usize, Problem> {
        let known = {
            let shared = lock(&self.shared);
            let known = shared.allowed.get(&user).copied();
            known.filter(|(_, at)| at.elapsed() < limits::ALLOWANCE_TIME)
        };
        let most = match known {
            Some((most, _)) => most,
            None => {
                let plan = library
                    .database
                    .read(reading(), move |work| Box::pin(plan::of(work, user)))
                    .await?;
                let most = usize::try_from(plan.transfers).unwrap_or(1);
                let mut shared = lock(&self.shared);
                if shared.allowed.len() >= limits::ALLOWANCES {
                    shared.allowed.clear();
                }
                shared.allowed.insert(user, (most, Instant::now()));
                most
            }
        };
        let elsewhere = lock(&self.shared).elsewhere.get(&user).copied().unwrap_or_default();
        // One always: whoever counts at other replicas may be wrong by a second.
        Ok(most.saturating_sub(elsewhere).max(1))
    }
}

impl Shared {
    fn let_in(&mut self, admitted: Vec<WaiterId>) {
        for id in admitted {
            if let Some(waiter) = self.waiters.remove(&id) {
                waiter.entry.set_position(0);
                // One that left at this moment gives its place back itself.
                let _ = waiter.let_in.send(());
            }
        }
        self.tell_places();
    }

    fn tell_places(&self) {
        for (place, id) in (1_u32..).zip(self.line.waiting()) {
            if let Some(waiter) = self.waiters.get(&id) {
                waiter.entry.set_position(place);
            }
        }
    }

    fn turned_away(&self, lane: &str, most: usize) -> Problem {
        let place = u32::try_from(self.line.counts().1).unwrap_or(u32::MAX).saturating_add(1);
        too_busy(place, self.line.is_full(lane, most))
    }
}

/// 429 for who has all that the plan allows, which says nothing against this replica; else 503, after
/// which a gateway may ask another one. Clients try both again: what was moved so far is kept.
fn too_busy(position: u32, is_own: bool) -> Problem {
    let (status, whose) = match is_own {
        true => (http::StatusCode::TOO_MANY_REQUESTS, "Too many of your transfers"),
        false => (http::StatusCode::SERVICE_UNAVAILABLE, "Too many transfers"),
    };
    let detail = format!(
        "{whose} are under way; this one would be number {position} in the queue. Try again in a few \
         seconds: what was transferred so far is kept."
    );
    Problem::new(status, "too-many-transfers", "Too many transfers at once", detail)
        .with("position", json!(position))
        .retry_after(limits::QUEUE_RETRY_SECONDS)
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        let admitted = shared.line.go(&self.lane);
        shared.let_in(admitted);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let mut shared = lock(&self.shared);
        if let Some(waiter) = shared.waiters.remove(&id) {
            waiter.entry.set_position(0);
        }
        if shared.line.give_up(id) {
            shared.tell_places();
        } else {
            let admitted = shared.line.go(&self.lane);
            shared.let_in(admitted);
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
