//! How far a rollout has come, in words and as JSON.

use serde_json::{Value, json};

/// News of a rollout.
#[derive(Debug)]
pub(crate) enum Progress {
    /// What is being done now.
    Step(String),
    /// One replica more is done.
    Done,
    /// It is over.
    Ended(Result<(), String>),
}

/// A rollout under way, or the last one.
#[derive(Debug)]
pub(crate) struct Rollout {
    id: u64,
    kind: &'static str,
    service: String,
    what: String,
    step: String,
    done: usize,
    of: usize,
    ended: Option<Result<(), String>>,
}

impl Rollout {
    /// One that begins. `kind` is its word in the admin API, `what` says it to people.
    pub(crate) fn new(id: u64, kind: &'static str, service: &str, what: String, of: usize) -> Self {
        let (service, step) = (service.to_owned(), String::new());
        Rollout { id, kind, service, what, step, done: 0, of, ended: None }
    }

    /// Its id.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether it keeps another one from beginning, about this service or, with none, about all.
    pub(crate) fn is_in_the_way_of(&self, service: Option<&str>) -> bool {
        let both = |service: &str| self.service != service && !self.service.is_empty();
        self.is_under_way() && !service.is_some_and(both)
    }

    /// Whether it goes on.
    pub(crate) fn is_under_way(&self) -> bool {
        self.ended.is_none()
    }

    /// Takes in how far it has come.
    pub(crate) fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Step(step) => self.step = step,
            Progress::Done => self.done += 1,
            Progress::Ended(ended) => self.ended = Some(ended),
        }
    }

    /// What the user is told of the last news; None if it is not worth a line.
    pub(crate) fn words(&self) -> Option<String> {
        let Rollout { what, of, .. } = self;
        match self.ended.as_ref()? {
            // A reload that is about nothing but the gateway, which tells of it itself.
            _ if *of == 0 => None,
            Ok(()) => Some(format!("{what}: done")),
            Err(why) => Some(format!("{what}: failed: {why}")),
        }
    }

    /// What the user is told when it begins.
    pub(crate) fn beginning(&self) -> String {
        format!("{}: begun", self.what)
    }

    /// What is under way, and how far it is.
    pub(crate) fn sentence(&self) -> String {
        let Rollout { what, done, of, .. } = self;
        let replicas = if *of == 1 { "replica" } else { "replicas" };
        format!("{what} ({done} of {of} {replicas} done)")
    }

    /// For the admin API.
    pub(crate) fn to_json(&self) -> Value {
        let (state, why) = match &self.ended {
            None => ("running", None),
            Some(Ok(())) => ("done", None),
            Some(Err(why)) => ("failed", Some(why)),
        };
        json!({
            "id": self.id,
            "kind": self.kind,
            "service": self.service,
            "what": self.what,
            "state": state,
            "step": if self.is_under_way() { Some(&self.step) } else { None },
            "done": self.done,
            "of": self.of,
            "why": why,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_how_far_it_has_come() {
        let mut rollout =
            Rollout::new(7, "restart", "site", "restart of 2 replicas of site".into(), 2);
        rollout.take(Progress::Step("stopping site-1".into()));
        rollout.take(Progress::Done);
        let told = rollout.to_json();
        assert_eq!((&told["state"], &told["step"]), (&"running".into(), &"stopping site-1".into()));
        assert_eq!((&told["done"], &told["of"], &told["id"]), (&1.into(), &2.into(), &7.into()));
        assert_eq!(rollout.words(), None);
        assert_eq!(rollout.sentence(), "restart of 2 replicas of site (1 of 2 replicas done)");
        rollout.take(Progress::Ended(Err("site-2 ended with exit code 1".into())));
        assert!(!rollout.is_under_way());
        assert_eq!(rollout.to_json()["why"], "site-2 ended with exit code 1");
        assert!(
            rollout.words().unwrap().starts_with("restart of 2 replicas of site: failed: site-2")
        );
    }
}
