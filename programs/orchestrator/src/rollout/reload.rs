//! Reloading: the configuration file is read again, and what it changes of services and gateway is
//! carried out. Refused as a whole until the gateway has taken its part; from then on it goes forward.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tombolo_daemon::config::{self, Config, Mistakes, Overrides};
use tombolo_daemon::orchestration::{Answer, Refusal};

use super::crew::answered;
use super::{Crew, Order, Progress, Replica};
use crate::output::Output;

/// By then each thread of the gateway has the new configuration, and asks nothing new of a service
/// that is removed.
const IN_FORCE: Duration = Duration::from_millis(300);

const NO_FILE: &str = "`tombolo up` was started without a configuration file, so there is nothing to read again. Start it with `tombolo up -c FILE`.";

/// Where the configuration comes from, each time it is read.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The file. None: the built-in configuration, which cannot change.
    pub(crate) file: Option<PathBuf>,
    /// What the command line said, now and at every reload.
    pub(crate) flags: Overrides,
}

impl Source {
    async fn read(&self) -> Option<Result<Config, Mistakes>> {
        let (file, flags) = (self.file.clone()?, self.flags.clone());
        // A file on a disk that hangs must not keep the loop from what it watches.
        tokio::task::spawn_blocking(move || config::load(&file, &flags)).await.ok()
    }
}

/// What a configuration has us do, and what is answered.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// New replicas, which serve before the gateway learns of them.
    pub(crate) recruits: Vec<Replica>,
    /// Replicas that are to go, of services that go on.
    pub(crate) leaving: Vec<Replica>,
    /// Replicas of services that are removed.
    pub(crate) removed: Vec<Replica>,
    /// Replicas to be started again, service by service, with one that stands in.
    pub(crate) restarts: Vec<(Vec<Replica>, Option<Replica>)>,
    /// The rollout that this is.
    pub(crate) id: u64,
    /// For a process to end by itself.
    pub(crate) drain: Duration,
    /// What changes of services.
    pub(crate) changes: Vec<Value>,
    /// Services that stay as they are.
    pub(crate) kept: usize,
    /// What holds only once `tombolo up` is started again.
    pub(crate) restart: Vec<Value>,
}

impl Plan {
    /// How many replicas it is about.
    pub(crate) fn steps(&self) -> usize {
        let restarts = self.restarts.iter().map(|(replicas, _)| replicas.len());
        self.recruits.len() + self.leaving.len() + self.removed.len() + restarts.sum::<usize>()
    }

    /// Whether something is left to do once the gateway has taken its part.
    fn goes_on(&self) -> bool {
        self.steps() > self.recruits.len()
    }

    /// The gateway's answer with what concerns services put in.
    fn told(&self, gateway: Value, operation: Value) -> Value {
        let mut told = gateway;
        let list = |name: &str, told: &Value| told.get(name).and_then(Value::as_array).cloned();
        let mut changes = self.changes.clone();
        changes.extend(list("changes", &told).unwrap_or_default());
        if let Some(members) = told.as_object_mut() {
            members.insert("changed".to_owned(), (!changes.is_empty()).into());
            members.insert("changes".to_owned(), changes.into());
            members.insert("restart_up".to_owned(), self.restart.clone().into());
            members.insert("operation".to_owned(), operation);
            if let Some(kept) = members.get_mut("kept").and_then(Value::as_object_mut) {
                kept.insert("services".to_owned(), self.kept.into());
            }
        }
        told
    }
}

impl Crew {
    /// Reads the configuration again and puts it in force. Answers once it is certain whether that
    /// is done; what takes longer, such as restarts of replicas, goes on afterwards.
    pub(crate) async fn reload(self, source: Source, answer: oneshot::Sender<Answer>) {
        // Who asked may have left.
        match self.put_in_force(&source).await {
            Err(refusal) => drop(answer.send(Answer::Refused(refusal))),
            Ok((told, plan)) => {
                let _ = answer.send(Answer::Done(told));
                if plan.goes_on() {
                    let crew = self.for_rollout(plan.id, plan.drain);
                    let ended = crew.finish(plan).await;
                    crew.tell(Progress::Ended(ended)).await;
                }
            }
        }
    }

    /// Has the gateway ask us for a reload: so it is logged and recorded there, whatever the reason.
    pub(crate) async fn ask_for_a_reload(self, output: Output) {
        if let Err(why) = self.gateway.reload().await {
            output.say(&format!(
                "the configuration file has changed and was not read again: the gateway cannot be reached: {why}"
            ));
        }
    }

    async fn put_in_force(&self, source: &Source) -> Result<(Value, Plan), Refusal> {
        let read = source.read().await.ok_or_else(|| Refusal::new(409, NO_FILE))?;
        let config = read.map_err(|mistakes| Refusal::of_configuration(&mistakes))?;
        let ending = |why: String| Refusal::new(503, why);
        let plan =
            self.ask(|answer| Order::Plan(Box::new(config), answer)).await.map_err(ending)?;
        let plan =
            plan.await.unwrap_or_else(|_| Err(Refusal::new(503, "`tombolo up` is ending.")))?;
        let crew = self.for_rollout(plan.id, plan.drain);
        match crew.tell_gateway(&plan.recruits).await {
            Ok(gateway) => {
                let goes_on = plan.goes_on();
                let commit = crew.ask(|answer| Order::Commit { goes_on, answer }).await;
                let operation = commit.map_err(ending)?.await.unwrap_or_default();
                Ok((plan.told(gateway, operation), plan))
            }
            Err(why) => {
                if let Err(worse) = crew.take_back(&plan).await {
                    crew.tell(Progress::Ended(Err(format!("{why}; {worse}")))).await;
                    return Err(Refusal::new(503, format!("{why}; {worse}")));
                }
                crew.tell(Progress::Ended(Err(why.clone()))).await;
                Err(Refusal::new(409, format!("Nothing has changed: {why}.")))
            }
        }
    }

    /// New replicas are started, then the gateway is told; what that changed for it.
    async fn tell_gateway(&self, recruits: &[Replica]) -> Result<Value, String> {
        self.start(recruits).await?;
        let ids = recruits.iter().map(|one| one.id).collect();
        self.rotate_to(ids, true).await
    }

    async fn take_back(&self, plan: &Plan) -> Result<(), String> {
        let stand_ins = plan.restarts.iter().filter_map(|(_, stand_in)| stand_in.clone());
        let made: Vec<_> = plan.recruits.iter().cloned().chain(stand_ins).collect();
        self.dismiss(&made).await?;
        answered(self.ask(Order::TakeBack).await?).await
    }

    /// What is left to do once the gateway has the new configuration.
    async fn finish(&self, plan: Plan) -> Result<(), String> {
        let Plan { leaving, removed, restarts, .. } = plan;
        if !removed.is_empty() {
            self.step(format!("stopping {}", super::crew::names(&removed))).await;
            sleep(IN_FORCE).await;
            self.dismiss(&removed).await?;
            for _ in &removed {
                self.tell(Progress::Done).await;
            }
        }
        if !leaving.is_empty() {
            self.shrink(&leaving).await?;
        }
        for (replicas, stand_in) in restarts {
            self.restart(&replicas, stand_in, false).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answer_of_the_gateway_gets_the_services_part() {
        let gateway =
            json!({ "changed": false, "changes": [], "kept": { "routes": 1 }, "restart": [] });
        let service = json!({ "what": "service", "name": "site", "change": "added" });
        let plan = Plan { changes: vec![service.clone()], kept: 2, ..Plan::default() };
        let told = plan.told(gateway, Value::Null);
        assert_eq!(told["changes"], json!([service]));
        assert_eq!((&told["changed"], &told["kept"]["services"]), (&json!(true), &json!(2)));
        assert_eq!((&told["restart_up"], &told["kept"]["routes"]), (&json!([]), &json!(1)));
        assert!(!plan.goes_on());
    }
}
