//! The gateway gives its place to a process that it has started itself: from then on that is kept, and
//! the one before ends in its own time.

use serde_json::{Value, json};
use tokio::sync::oneshot::Sender;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tombolo_daemon::orchestration::Refusal;

use super::{GRACE, Watch};
use crate::ledger::Entry;
use crate::process::{Child, Command, Running};
use crate::supervisor::{Id, Outcome};

/// What is known of successions.
#[derive(Default)]
pub(super) struct Succession {
    /// Who waits for the one under way.
    awaited: Option<Sender<Result<(), String>>>,
    /// Gateways that were succeeded, until they have ended.
    leaving: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Has the gateway start another in its place.
    pub(super) fn expect_successor(&mut self, id: Id, answer: Sender<Result<(), String>>) {
        self.succession.awaited = Some(answer);
        self.signal(id, Command::Succeed);
    }

    /// What the gateway tells of its succession.
    pub(super) fn succession(
        &mut self,
        pid: u32,
        by: Option<u32>,
        why: Option<String>,
    ) -> Result<Value, Refusal> {
        let id = self.fleet.gateway();
        let running = self.running.get(id).and_then(Option::as_ref);
        if running.is_none_or(|running| running.pid != pid) {
            let detail = format!("Process {pid} is not the gateway that runs here.");
            return Err(Refusal::new(409, detail));
        }
        let outcome = match by {
            Some(by) => self.keep_successor(id, pid, by),
            None => Err(why.unwrap_or_else(|| "it did not say why".to_owned())),
        };
        if let Err(why) = &outcome {
            self.output.say(&format!("gateway (pid {pid}) was not replaced: {why}"));
        }
        self.end_succession(outcome.clone());
        let refused = |why| Refusal::new(409, why);
        outcome.map(|()| json!({})).map_err(refused)
    }

    /// Answers who waits for a successor, if anybody does.
    pub(super) fn end_succession(&mut self, outcome: Result<(), String>) {
        if let Some(awaited) = self.succession.awaited.take() {
            // Who waited may have given up.
            let _ = awaited.send(outcome);
        }
    }

    /// Keeps this process as the gateway from now on.
    fn keep_successor(&mut self, id: Id, pid: u32, by: u32) -> Result<(), String> {
        let entry = self.fleet.entry(id, by);
        let claim =
            |entry: &Entry| entry.claim(self.fleet.identity(), self.launcher.program()).ok();
        let hold = entry.as_ref().and_then(claim);
        let hold =
            hold.ok_or_else(|| format!("process {by} is no gateway as it would be started here"))?;
        let child = Child::found(by, hold).map_err(|error| error.to_string())?;
        let Some(run) = self.supervisor.succeeded(self.born.elapsed(), id) else {
            child.kill();
            return Err("the gateway is being ended".to_owned());
        };
        let before = self.running.get_mut(id).and_then(Option::take);
        self.succession.leaving.retain(|leaving| !leaving.is_finished());
        self.succession.leaving.extend(before.map(Running::give_way));
        self.output.say(&format!(
            "gateway (pid {by}) serves in the place of pid {pid}, which finishes its requests"
        ));
        self.keep(id, run, child)
    }

    /// Waits for those that were succeeded, where all ends in order: theirs was asked for before.
    pub(super) async fn await_leaving(&mut self, outcome: &Outcome) {
        if *outcome != Outcome::Drained {
            return;
        }
        for leaving in self.succession.leaving.drain(..) {
            let _ = timeout(GRACE, leaving).await;
        }
    }
}
