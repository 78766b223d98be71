//! What the gateway's admin API asks for: told, begun, or refused with the next step.

use serde_json::{Value, json};
use tombolo_daemon::config::Service;
use tombolo_daemon::orchestration::{Answer, Refusal, Request};

use super::Watch;
use crate::control::Asked;
use crate::fleet::Target;
use crate::process::Command;
use crate::rollout::{Replica, Work};
use crate::supervisor::{Event, Id, Standing};

impl Watch {
    /// Answers; gives the event by which the supervisor learns of it.
    pub(super) fn answer(&mut self, asked: Asked) -> Event {
        let Asked { request, answer } = asked;
        let told = match request {
            Request::Reload => {
                tokio::spawn(self.crew.clone().reload(self.source.clone(), answer));
                return Event::Tick;
            }
            Request::Status => Ok(self.status()),
            Request::Scale { service, replicas } => self.scale(&service, replicas),
            Request::Restart { name, now } => self.restart(&name, now),
            Request::Succession { pid, by, why } => self.succession(pid, by, why),
        };
        // Who asked may have left.
        let _ = answer.send(match told {
            Ok(value) => Answer::Done(value),
            Err(refusal) => Answer::Refused(refusal),
        });
        Event::Tick
    }

    fn scale(&mut self, name: &str, replicas: usize) -> Result<Value, Refusal> {
        let Some(service) = self.fleet.service(name) else { return Err(self.unknown(name)) };
        if !(1..=Service::REPLICAS_MAX).contains(&replicas) {
            let most = Service::REPLICAS_MAX;
            return Err(Refusal::new(422, format!("A service has 1 to {most} replicas.")));
        }
        self.may_begin(Some(name))?;
        let there = self.fleet.replicas(service);
        let from = there.len();
        let work = if replicas >= from {
            Work::Grow(self.recruit(service, from..replicas)?)
        } else {
            let leaving = there.get(replicas..).unwrap_or_default();
            Work::Shrink(leaving.iter().map(|id| self.replica(*id)).collect())
        };
        Ok(self.begin_rollout(
            "scale",
            name,
            format!("scaling of {name} from {from} to {replicas} replicas"),
            work,
        ))
    }

    fn restart(&mut self, name: &str, now: bool) -> Result<Value, Refusal> {
        let (service, ids) = match self.fleet.target(name) {
            None => return Err(self.unknown(name)),
            Some(Target::Gateway) => {
                self.may_begin(None)?;
                let what = "restart of the gateway, by a new process that takes over its sockets"
                    .to_owned();
                let work = Work::Succeed(self.fleet.gateway());
                return Ok(self.begin_rollout("restart", "", what, work));
            }
            Some(Target::Service(service)) => (service, self.fleet.replicas(service)),
            Some(Target::Replica(id)) => (self.fleet.service_of(id).unwrap_or_default(), vec![id]),
        };
        let services = self.fleet.services().find(|(place, _, _)| *place == service);
        let owner = services.map(|(_, service, _)| service.kind.name).unwrap_or_default();
        if now && let Some(under_way) = self.kill_what_stops(owner, &ids) {
            return Ok(under_way);
        }
        self.may_begin(Some(owner))?;
        let serving = self.fleet.replicas(service);
        let is_alone = serving.iter().filter(|id| self.stands(**id, Standing::Up)).count() < 2;
        let goes_away = ids.iter().any(|id| self.stands(*id, Standing::Up));
        // The only one that serves has somebody to stand in for it.
        let stand_in = if is_alone && goes_away {
            let number = serving.len();
            self.recruit(service, number..number + 1)?.pop()
        } else {
            None
        };
        let replicas: Vec<_> = ids.into_iter().map(|id| self.replica(id)).collect();
        let what = match replicas.as_slice() {
            [one] => format!("restart of {}", one.name),
            all => format!("restart of the {} replicas of {name}, one after the other", all.len()),
        };
        Ok(self.begin_rollout("restart", owner, what, Work::Restart { replicas, stand_in, now }))
    }

    /// Kills those that a change under way waits for, which then goes on; that change, if there is one.
    fn kill_what_stops(&self, service: &str, ids: &[Id]) -> Option<Value> {
        let under_way = self.rollouts.iter().find(|one| one.is_in_the_way_of(Some(service)))?;
        let mut stopping = ids.iter().filter(|id| self.stands(**id, Standing::Stopping)).peekable();
        stopping.peek()?;
        stopping.for_each(|id| self.signal(*id, Command::Kill));
        Some(json!({ "operation": under_way.to_json() }))
    }

    /// Whether a rollout can begin now: of this service, or of all.
    pub(super) fn may_begin(&self, service: Option<&str>) -> Result<(), Refusal> {
        let in_the_way = self.rollouts.iter().find(|one| one.is_in_the_way_of(service));
        if let Some(under_way) = in_the_way {
            let detail = format!(
                "Another change is under way: {}. Try again when it is done.",
                under_way.sentence()
            );
            return Err(Refusal::new(409, detail));
        }
        if !self.supervisor.is_running() {
            let detail = "`tombolo up` is still starting its processes, or is ending. Try again in a few seconds.";
            return Err(Refusal::new(503, detail));
        }
        if !self.stands(self.fleet.gateway(), Standing::Up) {
            let detail = "The gateway does not serve at the moment, so it cannot apply the change. Try again in a few seconds.";
            return Err(Refusal::new(503, detail));
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> Refusal {
        let services: Vec<_> = self.fleet.services().map(|(_, one, _)| one.kind.name).collect();
        let name: String = name.chars().take(64).filter(|one| !one.is_control()).collect();
        let services = services.join(", ");
        let detail = format!(
            "There is no service or replica {name:?}. Services: {services}; `tombolo status` lists their replicas."
        );
        Refusal::new(422, detail)
    }

    /// Makes replicas of these numbers wanted; none of them is started by this.
    pub(super) fn recruit(
        &mut self,
        service: usize,
        numbers: std::ops::Range<usize>,
    ) -> Result<Vec<Replica>, Refusal> {
        let mut recruits = Vec::new();
        for number in numbers {
            let Some((id, is_new)) = self.fleet.enlist(service, number) else {
                recruits.iter().for_each(|one: &Replica| self.fleet.discharge(one.id));
                let detail = "The ports after the service's first one do not suffice: the last port is 65535. Choose a lower `listen` for the service.";
                return Err(Refusal::new(422, detail));
            };
            if is_new {
                self.supervisor.add(self.fleet.process(id));
                if let Err(error) = self.make_room(id) {
                    self.fleet.discharge(id);
                    recruits.iter().for_each(|one: &Replica| self.fleet.discharge(one.id));
                    return Err(Refusal::new(
                        503,
                        format!(
                            "The system refused another thread: {error}. Raise the limit of processes (TasksMax=, ulimit -u)."
                        ),
                    ));
                }
            }
            recruits.push(self.replica(id));
        }
        Ok(recruits)
    }

    pub(super) fn stands(&self, id: Id, standing: Standing) -> bool {
        self.supervisor.standing(id) == standing
    }

    fn begin_rollout(
        &mut self,
        kind: &'static str,
        service: &str,
        what: String,
        work: Work,
    ) -> Value {
        let rollout = self.new_rollout(kind, service, what, work.steps());
        self.output.say(&rollout.beginning());
        let told = json!({ "operation": rollout.to_json() });
        let crew = self.crew.for_rollout(rollout.id(), self.drain());
        self.rollouts.push(rollout);
        tokio::spawn(crew.carry_out(work));
        told
    }
}
