//! What an earlier orchestrator left running: taken over where it is what would be started now,
//! ended where it is not; and the ledger by which the next one finds what this one leaves.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::Watch;
use crate::fleet::Fleet;
use crate::ledger::{Entry, Unclaimed};
use crate::output::Output;
use crate::process::Child;
use crate::supervisor::Id;

/// Beyond the drain deadline.
const GRACE: Duration = Duration::from_secs(2);

/// A process that was found again.
pub(super) struct Found {
    id: Id,
    entry: Entry,
    hold: OwnedFd,
}

/// Finds what is left of an earlier orchestrator and ends what has no place any more.
pub(super) async fn find(fleet: &mut Fleet, program: &Path, output: &Output) -> Vec<Found> {
    let ledger = fleet.left_behind();
    if !ledger.processes.is_empty() && ledger.folder != fleet.identity() {
        output.say(
            "processes.json was written for another data folder: its processes are not touched",
        );
        return Vec::new();
    }
    let mut claimed = Vec::new();
    for entry in ledger.processes {
        match entry.claim(fleet.identity(), program) {
            Ok(hold) => claimed.push((entry, hold)),
            Err(Unclaimed::Gone) => {}
            Err(Unclaimed::Foreign(why)) => {
                let Entry { name, pid, .. } = entry;
                output.say(&format!("{name} (pid {pid}) in processes.json is left alone: {why}"));
            }
        }
    }
    // With none of them left there was an end, whatever the reason, and the configuration counts.
    if claimed.is_empty() {
        return Vec::new();
    }
    fleet.restore_scale(&ledger.scaled);
    let (mut found, mut strays) = (Vec::new(), Vec::new());
    for (entry, hold) in claimed {
        match fleet.recognize(&entry) {
            Some(id) => found.push(Found { id, entry, hold }),
            None => strays.push((entry, hold)),
        }
    }
    output.say(&format!(
        "found {} processes that an earlier 'tombolo up' left, taking them over",
        found.len()
    ));
    end(strays, fleet.config().gateway.timeouts.drain + GRACE, output).await;
    found
}

/// Ends those that would not be started now, or not so, all at once and in order.
async fn end(strays: Vec<(Entry, OwnedFd)>, deadline: Duration, output: &Output) {
    let mut ending = Vec::new();
    for (entry, hold) in strays {
        let Entry { name, pid, .. } = entry;
        output.say(&format!("{name} (pid {pid}) is of another configuration, ending it"));
        // Without a descriptor to watch it by there is nothing that can be done about it.
        let Ok(child) = Child::found(pid, hold) else { continue };
        child.stop();
        ending.push(child);
    }
    let all = async {
        for child in &mut ending {
            child.wait().await;
        }
    };
    if timeout(deadline, all).await.is_err() {
        ending.iter().for_each(Child::kill);
    }
}

impl Watch {
    /// Keeps what was found as if it had been started here.
    pub(super) fn adopt(&mut self, found: Vec<Found>) {
        for Found { id, entry, hold } in found {
            let now = self.born.elapsed();
            let Ok(child) = Child::found(entry.pid, hold) else { continue };
            let Some(run) = self.supervisor.adopt(now, id) else { continue };
            self.gateway_found |= self.fleet.is_gateway(id);
            // It fails for an id that is not known, and this one is.
            let _ = self.keep(id, run, child);
        }
    }

    /// Tells a gateway that was found again what has changed since it was started.
    pub(super) fn bring_gateway_up_to_date(&mut self) {
        if std::mem::take(&mut self.gateway_found) {
            tokio::spawn(self.crew.clone().bring_up_to_date(self.output.clone()));
        }
    }

    /// Whether we may go alone; says why not.
    pub(super) fn may_leave(&self) -> bool {
        let keep = self.fleet.config().up.keep;
        self.output.say(match keep {
            true => "SIGUSR2: ending alone; the processes continue, and the next 'tombolo up' in this data folder takes them over",
            false => "SIGUSR2 is for [up] keep = true: without it what runs would end with this process",
        });
        keep
    }

    /// Writes down what runs; without it nothing but the next orchestrator's work is lost.
    pub(super) fn write_ledger(&self) {
        let running = self.running.iter().enumerate();
        let running = running.filter_map(|(id, one)| self.fleet.entry(id, one.as_ref()?.pid));
        if let Err(why) = self.fleet.write_ledger(running.collect()) {
            self.output.say(&format!("the list of running processes could not be written: {why}"));
        }
    }
}
