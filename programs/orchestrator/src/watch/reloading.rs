//! Another configuration, as the loop sees it: planned, and then either kept or taken back.

use std::time::Duration;

use serde_json::Value;
use tombolo_daemon::config::Config;
use tombolo_daemon::orchestration::Refusal;

use super::{GRACE, Watch};
use crate::rollout::{Plan, Progress, Replica, Rollout};
use crate::supervisor::{Event, Id, Standing};

impl Watch {
    /// Puts a configuration in the place of the one in force, to be kept or taken back; what has to
    /// be done for it. Nothing is started or stopped by this.
    pub(super) fn plan(&mut self, config: Config) -> Result<Plan, Refusal> {
        self.may_begin(None)?;
        let (change, before) = self.fleet.change(config);
        let mut plan = Plan {
            changes: change.told,
            kept: change.kept,
            restart: change.restart,
            ..Plan::default()
        };
        plan.leaving = change.leaving.into_iter().map(|id| self.replica(id)).collect();
        plan.removed = change.removed.into_iter().map(|id| self.replica(id)).collect();
        let recruited = self.recruit_all(&mut plan, change.grown, &change.changed);
        if let Err(refusal) = recruited {
            let stand_ins = plan.restarts.iter().filter_map(|(_, stand_in)| stand_in.as_ref());
            plan.recruits.iter().chain(stand_ins).for_each(|one| self.fleet.discharge(one.id));
            self.fleet.restore(before);
            return Err(refusal);
        }
        self.before = Some(before);
        let what = "reload of the configuration file".to_owned();
        let rollout = self.new_rollout("reload", "", what, plan.steps());
        (plan.id, plan.drain) = (rollout.id(), self.drain());
        if plan.steps() > 0 {
            self.output.say(&rollout.beginning());
        }
        self.rollouts.push(rollout);
        Ok(plan)
    }

    /// A rollout with an id of its own; those that have ended are forgotten.
    pub(super) fn new_rollout(
        &mut self,
        kind: &'static str,
        service: &str,
        what: String,
        steps: usize,
    ) -> Rollout {
        self.begun += 1;
        self.rollouts.retain(Rollout::is_under_way);
        Rollout::new(self.begun, kind, service, what, steps)
    }

    /// For a process that is asked to end; then it is killed.
    pub(super) fn drain(&self) -> Duration {
        self.fleet.config().gateway.timeouts.drain + GRACE
    }

    /// Whether the configuration file is read again when it has changed.
    pub(super) fn watches(&self) -> bool {
        self.fleet.config().gateway.watch
    }

    /// The file has changed. The gateway asks in its turn, so that all reloads go one way.
    pub(super) fn ask_for_a_reload(&self) -> Event {
        self.output.say("the configuration file has changed: reloading it");
        tokio::spawn(self.crew.clone().ask_for_a_reload(self.output.clone()));
        Event::Tick
    }

    fn recruit_all(
        &mut self,
        plan: &mut Plan,
        grown: Vec<(usize, std::ops::Range<usize>)>,
        changed: &[usize],
    ) -> Result<(), Refusal> {
        let leaving: Vec<Id> = plan.leaving.iter().map(|one| one.id).collect();
        for service in changed {
            let ids = self.fleet.replicas(*service).into_iter().filter(|id| !leaving.contains(id));
            let replicas = ids.map(|id| self.replica(id)).collect();
            plan.restarts.push((replicas, None));
        }
        for (service, numbers) in grown {
            plan.recruits.extend(self.recruit(service, numbers)?);
        }
        for (service, (replicas, stand_in)) in changed.iter().zip(&mut plan.restarts) {
            let there = self.fleet.replicas(*service);
            let staying = there.iter().filter(|id| !leaving.contains(id)).count();
            if staying < 2 && replicas.iter().any(|one| one.serves) {
                let number = there.len();
                *stand_in = self.recruit(*service, number..number + 1)?.pop();
            }
        }
        Ok(())
    }

    /// The gateway has taken its part: there is no way back. The reload as it stands.
    pub(super) fn commit(&mut self, goes_on: bool) -> Value {
        self.before = None;
        self.supervisor.set_drain(self.fleet.config().gateway.timeouts.drain);
        self.write_ledger();
        if !goes_on {
            let id = self.rollouts.last().map(Rollout::id).unwrap_or_default();
            self.progress(id, Progress::Ended(Ok(())));
        }
        self.rollouts.last().map(Rollout::to_json).unwrap_or_default()
    }

    /// What was in force before is in force again.
    pub(super) fn take_back(&mut self) -> Result<(), String> {
        if let Some(before) = self.before.take() {
            self.fleet.restore(before);
        }
        self.write_ledger();
        self.fleet.write_gateway_file().map(drop)
    }

    pub(super) fn replica(&self, id: Id) -> Replica {
        let name = self.fleet.name(id).to_owned();
        Replica { id, name, serves: self.stands(id, Standing::Up) }
    }
}
