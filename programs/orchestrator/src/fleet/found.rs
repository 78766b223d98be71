//! What an earlier orchestrator left running: which of it is ours, and what is written down for the
//! next one.

use std::ffi::OsStr;
use std::net::SocketAddr;

use super::listener::Listener;
use super::{Fleet, Member};
use crate::ledger::{Entry, Ledger, Scaled};
use crate::supervisor::Id;

impl Fleet {
    /// What was left behind in this data folder.
    pub(crate) fn left_behind(&self) -> Ledger {
        self.data.read_ledger()
    }

    /// Tells this data folder from any other.
    pub(crate) fn identity(&self) -> &str {
        self.data.identity()
    }

    /// Has as many replicas as there were, where the configuration has not changed since.
    pub(crate) fn restore_scale(&mut self, scaled: &[Scaled]) {
        for Scaled { service, configured, replicas } in scaled {
            let Some(place) = self.service(service) else { continue };
            if self.configured.get(place) != Some(configured) {
                continue;
            }
            let there = self.replicas(place);
            for id in there.get(*replicas..).unwrap_or_default() {
                self.discharge(*id);
            }
            for number in there.len()..*replicas {
                if let Some((id, _)) = self.enlist(place, number) {
                    self.rotate(&[id], true);
                }
            }
        }
    }

    /// The process that this entry is, as it would be started now; None if it would not be, or not
    /// so. It stays where it listens.
    pub(crate) fn recognize(&mut self, entry: &Entry) -> Option<Id> {
        let named = |member: &Member| member.wanted && member.name == entry.name;
        let id = self.members.iter().position(named)?;
        let member = self.members.get_mut(id)?;
        let admin: Vec<_> = entry.admin.into_iter().collect();
        let mut own_admin: Vec<_> = member.admin.iter_mut().collect();
        if !fits(member.listeners.iter(), &entry.listeners)
            || !fits(member.tcp.iter(), &entry.tcp)
            || !fits(own_admin.iter().map(|listener| &**listener), &admin)
        {
            return None;
        }
        let own = member.listeners.iter_mut().chain(&mut member.tcp).chain(own_admin.drain(..));
        let found = entry.listeners.iter().chain(&entry.tcp).chain(&admin);
        own.zip(found).for_each(|(listener, address)| listener.address = *address);
        let line = self.command_line(id)?;
        if !line.iter().eq(entry.arguments.iter().map(OsStr::new)) {
            return None;
        }
        self.settle(id);
        if let Some(service) = self.service_of(id) {
            self.point_upstreams(service);
        }
        if id == self.gateway {
            self.tell_gateway_its_addresses();
        }
        Some(id)
    }

    /// What is written down of a process that was just started.
    pub(crate) fn entry(&self, id: Id, pid: u32) -> Option<Entry> {
        let member = self.members.get(id)?;
        // A command line that is no text cannot be compared, so it is not found again.
        let line = self.command_line(id)?.into_iter().map(|one| one.into_string().ok());
        let addresses = |listeners: &[Listener]| listeners.iter().map(|own| own.address).collect();
        Some(Entry {
            listeners: addresses(&member.listeners),
            tcp: addresses(&member.tcp),
            admin: member.admin.as_ref().map(|own| own.address),
            ..Entry::of(&member.name, pid, line.collect::<Option<_>>()?)?
        })
    }

    /// Writes down what runs.
    ///
    /// # Errors
    /// What the system said, in words.
    pub(crate) fn write_ledger(&self, running: Vec<Entry>) -> Result<(), String> {
        let scaled =
            self.services().filter(|(_, service, configured)| service.replicas != *configured);
        let scaled = scaled.map(|(_, service, configured)| Scaled {
            service: service.kind.name.to_owned(),
            configured,
            replicas: service.replicas,
        });
        let ledger = Ledger::new(self.identity().to_owned(), running, scaled.collect());
        self.data.write_ledger(&ledger).map_err(|error| error.to_string())
    }

    /// Nothing runs any more.
    pub(crate) fn remove_ledger(&self) {
        self.data.remove_ledger();
    }
}

/// Whether these listeners may be where the process listens.
fn fits<'l>(own: impl ExactSizeIterator<Item = &'l Listener>, found: &[SocketAddr]) -> bool {
    let mut pairs = own.len() == found.len();
    for (listener, address) in own.zip(found) {
        pairs &= listener.may_move() || listener.wanted == *address;
    }
    pairs
}
