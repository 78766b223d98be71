//! What happens, in words for the user, and the table of what runs where.

use super::Watch;
use crate::output::{Row, table};
use crate::supervisor::{Exit, Id, Notice};

impl Watch {
    pub(super) fn tell(&mut self, notice: Notice) {
        let name = |id: Id| self.fleet.name(id);
        match notice {
            Notice::AllReady => {
                self.show_what_runs();
                self.bring_gateway_up_to_date();
            }
            Notice::Restarting { id, exit, wait } => {
                let wait = wait.as_secs_f64();
                let place = if exit == Exit::Beaten { " on another" } else { "" };
                let name = name(id);
                self.output.say(&format!("{name} {exit}; starting it again{place} in {wait:.2} s"));
            }
            Notice::GaveUp { id, exit, deaths } => self.tell_of_failure(id, &exit, deaths),
            Notice::Late(id) => {
                self.output
                    .say(&format!("{} did not end within the drain deadline, killed", name(id)));
            }
            Notice::Back(id, after) => {
                let pid = self.running.get(id).and_then(|running| Some(running.as_ref()?.pid));
                let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                let after = after.as_secs_f64();
                self.output.say(&format!("{}{pid} is back after {after:.2} s", name(id)));
            }
            Notice::Draining => {
                let limit = self.fleet.config().gateway.timeouts.drain.as_secs_f64();
                self.output.say(&format!(
                    "draining: the gateway first, within {limit} s; \
                     the same signal again ends all at once"
                ));
            }
            Notice::Overdue(ids) => {
                let names: Vec<_> = ids.into_iter().map(name).collect();
                let names = names.join(", ");
                self.output.say(&format!("did not end within the drain deadline, killed: {names}"));
            }
        }
    }

    /// Its last words were passed on as it said them; here they stand together once more.
    fn tell_of_failure(&self, id: Id, exit: &Exit, deaths: u32) {
        let name = self.fleet.name(id);
        let times =
            if deaths == 1 { "once".to_owned() } else { format!("{deaths} times in a row") };
        let mut words =
            format!("{name} {exit}; it failed {times} and is not started again. Its last lines:");
        let last = self.last_words.get(id).map(Vec::as_slice).unwrap_or_default();
        for line in last {
            words.push_str("\n  ");
            words.push_str(line);
        }
        if last.is_empty() {
            words.push_str("\n  (none)");
        }
        words.push_str(&format!("\n  start it again with: tombolo restart {name}"));
        self.output.say(&words);
    }

    fn show_what_runs(&self) {
        let row = |id: Id| Row {
            name: self.fleet.name(id).to_owned(),
            address: self.fleet.urls(id).join(" "),
            pid: self.running.get(id).and_then(|running| Some(running.as_ref()?.pid)),
        };
        let there = self.fleet.by_importance().filter(|id| self.fleet.is_wanted(*id));
        let rows: Vec<_> = there.map(row).collect();
        self.output.show(&table(&rows));
        let log = match &self.fleet.config().access_log.file {
            Some(path) => format!("; requests are logged in {}", path.display()),
            None => String::new(),
        };
        self.output.say(&format!("all of it is ready{log}; Ctrl+C ends it"));
    }
}
