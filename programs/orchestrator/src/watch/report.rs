//! What runs, for the admin API: services, their replicas, and what is being done to them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Watch;
use crate::census;
use crate::rollout::Rollout;
use crate::supervisor::{Id, Standing};

impl Watch {
    /// Everything, as JSON.
    pub(super) fn status(&self) -> Value {
        let services = self.fleet.services().map(|(place, service, configured)| {
            let replicas = self.fleet.replicas(place);
            json!({
                "name": service.kind.name,
                "replicas": replicas.len(),
                "configured": configured,
                "up": replicas.iter().filter(|id| self.is_up(**id)).count(),
                "memory_limit_bytes": service.memory,
                "open_files_limit": service.open_files,
                "processes": replicas.into_iter().map(|id| self.of_process(id)).collect::<Vec<_>>(),
            })
        });
        json!({
            "orchestrator": {
                "pid": std::process::id(),
                "version": env!("CARGO_PKG_VERSION"),
                "since": time(self.born_at),
                "memory_bytes": census::memory(std::process::id()),
            },
            "services": services.collect::<Vec<_>>(),
            "gateway": self.of_process(self.fleet.gateway()),
            "operation": self.rollouts.last().map(Rollout::to_json),
            "operations": self.rollouts.iter().map(Rollout::to_json).collect::<Vec<_>>(),
        })
    }

    fn is_up(&self, id: Id) -> bool {
        self.supervisor.standing(id) == Standing::Up
    }

    fn of_process(&self, id: Id) -> Value {
        let pid = self.running.get(id).and_then(|running| Some(running.as_ref()?.pid));
        let (since, restarts, exit) = self.supervisor.history(id);
        let standing = self.supervisor.standing(id);
        let last_exit = exit.map(|(at, exit)| {
            let words = self.last_words.get(id).cloned().unwrap_or_default();
            json!({ "at": self.moment(at), "how": exit.to_string(), "output": words })
        });
        json!({
            "name": self.fleet.name(id),
            "addresses": self.fleet.urls(id),
            "pid": pid,
            "state": standing.word(),
            "why": self.why(id, standing),
            "since": self.moment(since),
            "restarts": restarts,
            "memory_bytes": pid.and_then(census::memory),
            "open_files": pid.and_then(census::open_files),
            "last_exit": last_exit,
        })
    }

    /// Why it does not serve; None if it does.
    fn why(&self, id: Id, standing: Standing) -> Option<String> {
        let name = self.fleet.name(id);
        match standing {
            Standing::Up => None,
            Standing::Waiting => Some("it waits for others, which are started first".to_owned()),
            Standing::Starting => Some("it does not answer yet".to_owned()),
            Standing::Stopping => Some("it was asked to end".to_owned()),
            Standing::Resting => {
                Some(format!("{}; it will be started again", self.how_it_ended(id)))
            }
            Standing::Failed => Some(format!(
                "it failed too often and is not started again: {}; correct the cause, then start it with `tombolo restart {name}`",
                self.how_it_ended(id)
            )),
            Standing::Retired => {
                Some("it is not wanted: the service has fewer replicas now".to_owned())
            }
        }
    }

    /// A time since the start, on the calendar.
    fn moment(&self, since_start: Duration) -> Option<String> {
        time(self.born_at.checked_add(since_start)?)
    }
}

/// A time as RFC 3339 has it, in seconds.
fn time(at: SystemTime) -> Option<String> {
    Some(format!("{:.0}", Timestamp::try_from(at).ok()?))
}
