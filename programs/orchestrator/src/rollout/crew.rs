//! Carries a rollout out: the steps in their order, and back again where one fails.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::gateway_api::GatewayApi;
use super::{Order, Progress, Replica, Work};
use crate::fleet::Place;
use crate::output::Output;
use crate::supervisor::Id;

/// For requests under way to end before a replica is asked to end. What takes longer (a download, a
/// WebSocket) is left to the replica's own drain: nothing new comes to it.
const QUIET: Duration = Duration::from_secs(5);
/// For the gateway to have a successor, or say why not; it gives that 65 s itself.
const SUCCESSION: Duration = Duration::from_secs(75);
/// Between two looks at what is under way.
const LOOK: Duration = Duration::from_millis(50);

/// Whoever carries rollouts out.
#[derive(Debug, Clone)]
pub(crate) struct Crew {
    orders: mpsc::Sender<Order>,
    pub(super) gateway: GatewayApi,
    /// The rollout that it carries out.
    id: u64,
    /// For a process to end by itself.
    drain: Duration,
}

/// What went wrong, for people.
type Failed = String;

impl Crew {
    /// Sends its orders there, and asks the gateway on this socket.
    pub(crate) fn new(orders: mpsc::Sender<Order>, gateway: PathBuf) -> Self {
        Crew { orders, gateway: GatewayApi::new(gateway), id: 0, drain: Duration::ZERO }
    }

    /// The same for one rollout, in which a process is killed after `drain`.
    pub(crate) fn for_rollout(&self, id: u64, drain: Duration) -> Self {
        Crew { id, drain, ..self.clone() }
    }

    /// Carries it out to its end, and tells how that was.
    pub(crate) async fn carry_out(self, work: Work) {
        let ended = match work {
            Work::Grow(recruits) => self.grow(&recruits).await,
            Work::Shrink(leaving) => self.shrink(&leaving).await,
            Work::Restart { replicas, stand_in, now } => {
                self.restart(&replicas, stand_in, now).await
            }
            Work::Succeed(gateway) => self.succeed(gateway).await,
        };
        self.tell(Progress::Ended(ended)).await;
    }

    /// Has a gateway that was not started by us read what it is to do now.
    pub(crate) async fn bring_up_to_date(self, output: Output) {
        if let Err(why) = self.rotate(&[], true).await {
            output.say(&format!("the gateway could not be given the present configuration, and keeps the one it was started with: {why}"));
        }
    }

    /// Tells the gateway that a replica that is known there was started and is ready. One that does not
    /// listen to that finds out by itself.
    pub(crate) async fn tell_of_start(self, places: Vec<Place>) {
        for place in &places {
            let _ = self.gateway.restarted(place).await;
        }
    }

    async fn grow(&self, recruits: &[Replica]) -> Result<(), Failed> {
        let ids: Vec<_> = recruits.iter().map(|one| one.id).collect();
        let grown = async {
            self.start(recruits).await?;
            self.step("telling the gateway".to_owned()).await;
            self.rotate(&ids, true).await
        };
        let grown = grown.await;
        if grown.is_err() {
            self.dismiss(recruits).await?;
            self.rotate(&ids, false).await?;
        }
        grown
    }

    /// Starts them all, and waits until each serves.
    pub(super) async fn start(&self, recruits: &[Replica]) -> Result<(), Failed> {
        if recruits.is_empty() {
            return Ok(());
        }
        self.step(format!("starting {}", names(recruits))).await;
        let mut started = Vec::new();
        for one in recruits {
            started.push(self.ask(|answer| Order::Begin(one.id, answer)).await?);
        }
        for serving in started {
            answered(serving).await?;
            self.tell(Progress::Done).await;
        }
        Ok(())
    }

    pub(super) async fn shrink(&self, leaving: &[Replica]) -> Result<(), Failed> {
        let ids: Vec<_> = leaving.iter().map(|one| one.id).collect();
        self.step(format!("draining {}: no new requests are sent to it", names(leaving))).await;
        let mut drained = Vec::new();
        for one in leaving.iter().filter(|one| one.serves) {
            drained.extend(self.drain(one).await?);
        }
        self.wait_until_quiet(&drained).await?;
        self.step("telling the gateway".to_owned()).await;
        if let Err(why) = self.rotate(&ids, false).await {
            self.rotate(&ids, true).await?;
            self.undrain(&drained).await?;
            return Err(why);
        }
        self.step(format!("stopping {}", names(leaving))).await;
        self.dismiss(leaving).await?;
        for _ in leaving {
            self.tell(Progress::Done).await;
        }
        Ok(())
    }

    pub(super) async fn restart(
        &self,
        replicas: &[Replica],
        stand_in: Option<Replica>,
        now: bool,
    ) -> Result<(), Failed> {
        let stand_in: Vec<_> = stand_in.into_iter().collect();
        self.grow_for(&stand_in).await?;
        let mut restarted = Ok(());
        for one in replicas {
            restarted = self.restart_one(one, now).await;
            if restarted.is_err() {
                break;
            }
            self.tell(Progress::Done).await;
        }
        // Without it there would be nobody, if the one it stood in for did not come back.
        if restarted.is_ok() && !stand_in.is_empty() {
            let serving: Vec<_> =
                stand_in.into_iter().map(|one| Replica { serves: true, ..one }).collect();
            let mut drained = Vec::new();
            for one in &serving {
                drained.extend(self.drain(one).await?);
            }
            self.wait_until_quiet(&drained).await?;
            let ids: Vec<_> = serving.iter().map(|one| one.id).collect();
            self.rotate(&ids, false).await?;
            self.dismiss(&serving).await?;
        }
        restarted
    }

    async fn succeed(&self, gateway: Id) -> Result<(), Failed> {
        self.step("starting the new gateway process, while the old one serves".to_owned()).await;
        let succeeded = self.ask(|answer| Order::Succeed(gateway, answer)).await?;
        let late = || Err(format!("the new gateway process did not report within {SUCCESSION:?}"));
        timeout(SUCCESSION, answered(succeeded)).await.unwrap_or_else(|_| late())?;
        self.tell(Progress::Done).await;
        Ok(())
    }

    /// Has a stand-in serve; it counts for nothing in the progress.
    async fn grow_for(&self, stand_in: &[Replica]) -> Result<(), Failed> {
        let ids: Vec<_> = stand_in.iter().map(|one| one.id).collect();
        for one in stand_in {
            self.step(format!("starting {} to stand in", one.name)).await;
            let serving = self.ask(|answer| Order::Begin(one.id, answer)).await?;
            let stands = match answered(serving).await {
                Ok(()) => self.rotate(&ids, true).await,
                failed => failed,
            };
            if stands.is_err() {
                self.dismiss(stand_in).await?;
                self.rotate(&ids, false).await?;
                return stands;
            }
        }
        Ok(())
    }

    async fn restart_one(&self, one: &Replica, now: bool) -> Result<(), Failed> {
        let Replica { id, name, serves } = one;
        let before = self.places(*id).await?;
        let mut drained = Vec::new();
        if *serves {
            self.step(format!("draining {name}: no new requests are sent to it")).await;
            drained = self.drain(one).await?;
            if !now {
                self.wait_until_quiet(&drained).await?;
            }
        }
        let ended = if now {
            self.step(format!("killing {name}")).await;
            self.ask(|answer| Order::Kill(*id, answer)).await?
        } else {
            let deadline = self.drain.as_secs_f64();
            self.step(format!("stopping {name}; killed if it has not ended within {deadline} s"))
                .await;
            self.ask(|answer| Order::Retire(*id, answer)).await?
        };
        answered(ended).await?;
        self.send(Order::Renew(*id)).await?;
        self.step(format!("starting {name}")).await;
        let serving = answered(self.ask(|answer| Order::Begin(*id, answer)).await?).await;
        // Whatever became of it: the gateway finds out by itself who serves.
        let after = self.places(*id).await?;
        if after != before {
            self.rotate(&[*id], true).await?;
        }
        drained.retain(|place| after.contains(place));
        self.undrain(&drained).await?;
        serving
    }

    /// Stops them all at once, for good.
    pub(super) async fn dismiss(&self, leaving: &[Replica]) -> Result<(), Failed> {
        let mut gone = Vec::new();
        for one in leaving {
            gone.push(self.ask(|answer| Order::Retire(one.id, answer)).await?);
        }
        for gone in gone {
            answered(gone).await?;
        }
        self.send(Order::Discharge(leaving.iter().map(|one| one.id).collect())).await
    }

    /// Has the gateway know these, or not.
    async fn rotate(&self, ids: &[Id], into: bool) -> Result<(), Failed> {
        self.rotate_to(ids.to_vec(), into).await.map(drop)
    }

    /// The same; what that changed for the gateway.
    pub(super) async fn rotate_to(&self, ids: Vec<Id>, into: bool) -> Result<Value, Failed> {
        answered(self.ask(|answer| Order::Rotate { ids, into, answer }).await?).await?;
        self.gateway.take_over().await
    }

    async fn places(&self, id: Id) -> Result<Vec<Place>, Failed> {
        answered(self.ask(|answer| Order::Locate(id, answer)).await?).await
    }

    async fn drain(&self, one: &Replica) -> Result<Vec<Place>, Failed> {
        let places = self.places(one.id).await?;
        for place in &places {
            self.gateway.drain(place, true).await?;
        }
        Ok(places)
    }

    async fn undrain(&self, places: &[Place]) -> Result<(), Failed> {
        for place in places {
            self.gateway.drain(place, false).await?;
        }
        Ok(())
    }

    async fn wait_until_quiet(&self, places: &[Place]) -> Result<(), Failed> {
        let deadline = Instant::now() + QUIET;
        while self.gateway.in_flight(places).await? > 0 && Instant::now() < deadline {
            sleep(LOOK).await;
        }
        Ok(())
    }

    pub(super) async fn step(&self, words: String) {
        self.tell(Progress::Step(words)).await;
    }

    pub(super) async fn tell(&self, progress: Progress) {
        // Nobody is told when all is ending.
        let _ = self.send(Order::Tell(self.id, progress)).await;
    }

    pub(super) async fn ask<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
    ) -> Result<oneshot::Receiver<T>, Failed> {
        let (answer, told) = oneshot::channel();
        self.send(order(answer)).await?;
        Ok(told)
    }

    async fn send(&self, order: Order) -> Result<(), Failed> {
        self.orders.send(order).await.map_err(|_| ending())
    }
}

pub(super) async fn answered<T>(told: oneshot::Receiver<Result<T, Failed>>) -> Result<T, Failed> {
    told.await.unwrap_or_else(|_| Err(ending()))
}

fn ending() -> Failed {
    "`tombolo up` is ending".to_owned()
}

pub(super) fn names(replicas: &[Replica]) -> String {
    replicas.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
}
