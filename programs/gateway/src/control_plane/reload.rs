//! Reloading: the file is read again, and what it changes is changed, as a whole or not at all.
//!
//! ```text
//! read and check ─ mistakes? refused, nothing changes
//!      │
//! bind what is new ─ not to be had? refused, nothing changes
//!      │
//! names of new servers looked up
//!      │
//! listeners that go are shut ─ snapshot published ─ new listeners opened ─ servers that go retired
//! ```
//! Requests keep the snapshot they began with. What both configurations have (listeners, upstreams,
//! servers, routes and their counts) is carried over, not made anew.

use std::sync::Arc;

use tombolo_cache::store::Store;
use tombolo_daemon::config::{Config, Mistakes};

use super::descriptors::Descriptors;
use super::difference::{Difference, keep_what_needs_a_restart};
use super::listening::Listening;
use super::names::{self, Answers};
use super::succession::{Inherited, tell};
use super::{Publication, Reloads, Snapshot, Source, snapshot};
use crate::data_plane::{Admission, BindError, Bound, Worker};

/// Why the configuration in force stays in force.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Flags are all there is.
    NoFile,
    /// What the file says cannot be meant.
    Mistakes(Mistakes),
    /// An address that is new in it is not to be had.
    Bind(BindError),
}

/// What is reloaded.
pub(super) struct Reloader {
    pub(super) source: Source,
    pub(super) reloads: Arc<Reloads>,
    pub(super) publication: Arc<Publication>,
    pub(super) listening: Listening,
    pub(super) workers: Vec<Worker>,
    pub(super) admission: Arc<Admission>,
    pub(super) descriptors: Descriptors,
    /// The cache, once there was one: a configuration without any may be followed by one with it.
    pub(super) store: Option<Store>,
    /// Opens the cache of a configuration.
    pub(super) open_store: fn(&Config) -> Option<Store>,
}

impl Reloader {
    /// Begins to accept.
    pub(super) async fn begin(&mut self, bound: Vec<Bound>) {
        self.listening.open(bound, &self.workers).await;
        self.listening.tell(&self.publication.current().doors);
    }

    /// Reads the file and puts it in force, as an operator asked for it. Tells the log what came of it,
    /// and records it.
    pub(super) async fn reload(&mut self) -> Result<Difference, Refused> {
        tell::reloading();
        let outcome = self.take_over().await;
        let changes = |difference: &Difference| difference.changes();
        self.reloads.record(outcome.as_ref().map(changes).map_err(Refused::line));
        outcome
    }

    /// Reads the file and puts it in force. Tells the log what came of it.
    pub(super) async fn take_over(&mut self) -> Result<Difference, Refused> {
        let outcome = self.try_reload().await;
        match &outcome {
            Ok(difference) => difference.log(),
            Err(Refused::NoFile) => {
                tracing::info!("nothing to reload: the gateway was started without a file");
            }
            Err(Refused::Mistakes(mistakes)) => {
                tracing::error!(
                    mistakes = mistakes.count(),
                    "the configuration was not reloaded, and nothing has changed"
                );
                mistakes.iter().for_each(|one| tracing::error!(hint = %one.hint, "{one}"));
            }
            Err(Refused::Bind(error)) => {
                tracing::error!(%error, "the configuration was not reloaded, and nothing has changed");
            }
        }
        outcome
    }

    async fn try_reload(&mut self) -> Result<Difference, Refused> {
        let read = self.source.read().await.ok_or(Refused::NoFile)?;
        let mut config = read.map_err(Refused::Mistakes)?;
        let before = self.publication.current();
        let difference = Difference::new(&before.config, &config);
        keep_what_needs_a_restart(&before.config, &mut config);
        if config.cache.is_some() && self.store.is_none() {
            self.store = (self.open_store)(&config);
        }
        let store = self.store.clone().filter(|_| config.cache.is_some());
        // Before anything is made of it: servers that stay learn of new rules as that is done.
        let doors = snapshot::doors(&config);
        let new = self.listening.bind(&doors, &mut Inherited::default()).map_err(Refused::Bind)?;
        let answers = names::first(&config, &before.answers).await;
        let after = Arc::new(before.succeeded(config, answers, store));
        self.put_in_force(&before, after, new).await;
        Ok(difference)
    }

    /// Puts other servers in force, because names stand for other addresses. Nothing else changes.
    pub(super) async fn readdress(&mut self, newer: &Answers) {
        let before = self.publication.current();
        let answers = before.answers.with(newer).of(&before.config);
        let after = before.succeeded(before.config.clone(), answers, before.store.clone());
        self.put_in_force(&before, Arc::new(after), Vec::new()).await;
    }

    async fn put_in_force(&mut self, before: &Snapshot, after: Arc<Snapshot>, new: Vec<Bound>) {
        // First what goes: a connection that it lets in is still served as it was.
        self.listening.shut(&after.doors, &self.workers).await;
        let limits = &after.limits;
        let connections = self.descriptors.connections(limits);
        self.admission.set(connections, limits.connections_per_client, limits.half_heads);
        self.publication.publish(Arc::clone(&after));
        self.listening.open(new, &self.workers).await;
        self.listening.tell(&after.doors);
        for server in before.servers() {
            if !after.servers().any(|one| one.id() == server.id()) {
                server.retire();
            }
        }
    }
}
