//! Who is in a room: those with this replica, counted, and those with others, as they reported.
//! Reports end by themselves. A function of what happened and of the time.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use serde::Serialize;

use crate::limits;

/// Who is in a room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    named: HashMap<String, u32>,
    nameless: u32,
    others: HashMap<String, Report>,
    /// Those here changed since they were last reported.
    unreported: bool,
    reported: Option<Instant>,
    told: Option<Present>,
}

#[derive(Debug)]
struct Report {
    count: u32,
    names: Vec<String>,
    ends: Instant,
}

/// Who is there, as clients are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Present {
    /// Connections that follow the room.
    pub(crate) count: u32,
    /// The names they gave, each once, in order, the first 64.
    pub(crate) names: Vec<String>,
}

impl Presence {
    /// Somebody came; a name is not needed.
    pub(crate) fn enter(&mut self, name: Option<&str>) {
        let count = match name {
            Some(name) => self.named.entry(name.to_owned()).or_default(),
            None => &mut self.nameless,
        };
        *count = count.saturating_add(1);
        self.unreported = true;
    }

    /// Somebody who had come left.
    pub(crate) fn leave(&mut self, name: Option<&str>) {
        match name {
            Some(name) => {
                if let Some(count) = self.named.get_mut(name) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.named.remove(name);
                    }
                }
            }
            None => self.nameless = self.nameless.saturating_sub(1),
        }
        self.unreported = true;
    }

    /// Another replica reported.
    pub(crate) fn report(
        &mut self,
        from: String,
        count: u32,
        mut names: Vec<String>,
        now: Instant,
    ) {
        let is_new = !self.others.contains_key(&from);
        if is_new && self.others.len() >= limits::PRESENCE_REPLICAS {
            return;
        }
        names.truncate(limits::PRESENCE_NAMES);
        let ends = now + limits::PRESENCE_LEASE;
        self.others.insert(from, Report { count, names, ends });
    }

    /// Another replica wants to know: the next report is due.
    pub(crate) fn asked(&mut self) {
        self.unreported = true;
    }

    /// What to report to the other replicas now, if anything.
    pub(crate) fn due_report(&mut self, now: Instant) -> Option<Present> {
        let age = self.reported.map(|at| now.saturating_duration_since(at));
        let is_lease_due = age.is_none_or(|age| age >= limits::PRESENCE_REPORT);
        let here = self.here();
        if !self.unreported && (here.count == 0 || !is_lease_due) {
            return None;
        }
        self.unreported = false;
        self.reported = Some(now);
        Some(here)
    }

    /// What to report before nothing more is reported, if anything was.
    pub(crate) fn farewell(&mut self, now: Instant) -> Option<Present> {
        self.reported.and_then(|_| self.due_report(now))
    }

    /// What to tell clients now, if it is anything new.
    pub(crate) fn due_event(&mut self, now: Instant) -> Option<Present> {
        self.others.retain(|_, report| report.ends > now);
        let mut all = self.here();
        let mut names: BTreeSet<&str> = all.names.iter().map(String::as_str).collect();
        for report in self.others.values() {
            all.count = all.count.saturating_add(report.count);
            names.extend(report.names.iter().map(String::as_str));
        }
        all.names = names.into_iter().take(limits::PRESENCE_NAMES).map(str::to_owned).collect();
        if self.told.as_ref() == Some(&all) {
            return None;
        }
        self.told = Some(all.clone());
        Some(all)
    }

    /// Makes the next event due although nothing changed: for who has just come.
    pub(crate) fn tell_again(&mut self) {
        self.told = None;
    }

    fn here(&self) -> Present {
        let named: u32 = self.named.values().fold(0, |sum, count| sum.saturating_add(*count));
        let mut names: Vec<String> = self.named.keys().cloned().collect();
        names.sort_unstable();
        names.truncate(limits::PRESENCE_NAMES);
        Present { count: named.saturating_add(self.nameless), names }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn those_here_and_elsewhere_are_told_once_until_something_changes() {
        let now = Instant::now();
        let mut presence = Presence::default();
        presence.enter(Some("Ana"));
        presence.enter(Some("Ana"));
        presence.enter(None);
        presence.report("other".into(), 2, vec!["Ana".into(), "Eva".into()], now);
        let all = presence.due_event(now).unwrap();
        assert_eq!((all.count, all.names), (5, vec!["Ana".to_owned(), "Eva".to_owned()]));
        assert_eq!(presence.due_event(now), None);
        presence.leave(Some("Ana"));
        assert_eq!(presence.due_event(now).unwrap().count, 4);
    }

    #[test]
    fn a_replica_that_says_nothing_more_is_forgotten() {
        let now = Instant::now();
        let mut presence = Presence::default();
        presence.report("other".into(), 2, vec!["Eva".into()], now);
        assert_eq!(presence.due_event(now).unwrap().count, 2);
        let later = now + limits::PRESENCE_LEASE + Duration::from_millis(1);
        assert_eq!(presence.due_event(later), Some(Present::default()));
    }

    #[test]
    fn reports_are_sent_on_change_and_to_keep_the_lease() {
        let now = Instant::now();
        let mut presence = Presence::default();
        assert_eq!(presence.due_report(now), None);
        presence.enter(Some("Ana"));
        assert_eq!(presence.due_report(now).unwrap().count, 1);
        assert_eq!(presence.due_report(now), None);
        assert!(presence.due_report(now + limits::PRESENCE_REPORT).is_some());
        presence.leave(Some("Ana"));
        assert_eq!(presence.due_report(now).unwrap().count, 0);
        assert_eq!(presence.due_report(now + 2 * limits::PRESENCE_REPORT), None);
    }
}
