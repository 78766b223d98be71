//! Another configuration in the place of the one in force: what it changes of services, and the way
//! back where the gateway refuses it.
//!
//! A service keeps its place in the list for as long as `up` runs, so that members and upstreams go
//! on pointing to the right one: one that is removed stays there with no replicas, a new one comes
//! last.

use std::net::SocketAddr;
use std::ops::Range;

use serde_json::{Map, Value, json};
use tombolo_daemon::config::{Config, FromEnvironment, Service, StateFile};

use super::Fleet;
use super::listener::Listener;
use crate::data_folder::DataFolder;
use crate::ports;
use crate::supervisor::Id;

/// What a configuration changes of services.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Places of services, and the numbers that their new replicas have.
    pub(crate) grown: Vec<(usize, Range<usize>)>,
    /// Replicas that are not wanted any more, of services that go on.
    pub(crate) leaving: Vec<Id>,
    /// Those of services that are removed.
    pub(crate) removed: Vec<Id>,
    /// Services whose replicas have to be started again to learn what changed.
    pub(crate) changed: Vec<usize>,
    /// What is answered: changes, in the form of those of the gateway.
    pub(crate) told: Vec<Value>,
    /// Services that stay as they are.
    pub(crate) kept: usize,
    /// What holds only once `tombolo up` itself is started again.
    pub(crate) restart: Vec<Value>,
}

/// What was in force before.
#[derive(Debug)]
pub(crate) struct Before {
    config: Config,
    configured: Vec<usize>,
    listeners: Vec<Listener>,
    tcp: Vec<Listener>,
    admin: Option<Listener>,
}

impl Fleet {
    /// Puts a configuration in the place of the one in force, for the gateway and for whatever is
    /// started from now on. Replicas are neither made nor ended by this.
    pub(crate) fn change(&mut self, next: Config) -> (Change, Before) {
        let mut next = next;
        next.from_environment.extend(&self.config.from_environment);
        let mut change =
            Change { restart: self.keep_what_needs_a_restart(&mut next), ..Change::default() };
        given_to_the_gateway(&mut next, &self.data);
        let configured = self.merge_services(&mut next, &mut change);
        let told = change.told.iter_mut().chain(&mut change.restart);
        told.for_each(|one| mask(one, &next.from_environment));
        let before = Before {
            config: std::mem::replace(&mut self.config, next),
            configured: std::mem::replace(&mut self.configured, configured),
            listeners: Vec::new(),
            tcp: Vec::new(),
            admin: None,
        };
        let before = self.move_listeners(before);
        self.point_all();
        (change, before)
    }

    /// Puts back what was in force. Replicas that were made for the other have been discharged.
    pub(crate) fn restore(&mut self, before: Before) {
        let Before { config, configured, listeners, tcp, admin } = before;
        (self.config, self.configured) = (config, configured);
        if let Some(member) = self.members.get_mut(self.gateway) {
            (member.listeners, member.tcp, member.admin) = (listeners, tcp, admin);
        }
        self.point_all();
    }

    /// Settings of `up` itself hold until that is started again: puts them into `next`, and tells
    /// which would be others.
    fn keep_what_needs_a_restart(&self, next: &mut Config) -> Vec<Value> {
        let mut told = Vec::new();
        let mut note = |name: &str, from: String, to: String| {
            if from != to {
                told.push(json!({ "what": "setting", "name": name, "change": "changed", "from": from, "to": to }));
            }
        };
        let (old, new) = (&self.config, &*next);
        note("data_dir", old.data_dir.display().to_string(), new.data_dir.display().to_string());
        if old.storage.database != new.storage.database {
            // It may hold a password.
            note("storage.database", "before".to_owned(), "other".to_owned());
        }
        note("storage.objects", old.objects().to_string(), new.objects().to_string());
        let (up, other) = (old.up, new.up);
        note("up.keep", up.keep.to_string(), other.keep.to_string());
        note("up.give_up_after", up.give_up_after.to_string(), other.give_up_after.to_string());
        note("up.hang_after", format!("{:?}", up.hang_after), format!("{:?}", other.hang_after));
        note("up.log_size", up.log_size.to_string(), other.log_size.to_string());
        note("up.log_files", up.log_files.to_string(), other.log_files.to_string());
        next.data_dir.clone_from(&old.data_dir);
        next.storage = old.storage.clone();
        next.up = old.up;
        told
    }

    /// Gives the services of `next` the places that they have here, and notes what changes of them.
    /// The replicas of each as they are configured.
    fn merge_services(&self, next: &mut Config, change: &mut Change) -> Vec<usize> {
        let written = std::mem::take(&mut next.services);
        let mut places = self.config.services.clone();
        let mut configured = vec![0; places.len()];
        let mut moved = Vec::new();
        for service in written {
            let known = places.iter().position(|one| one.kind == service.kind);
            let place = known.unwrap_or(places.len());
            moved.push(place);
            if known.is_none() {
                places.push(Service { replicas: 0, ..service.clone() });
                configured.push(0);
            }
            let was = self.configured.get(place).copied().unwrap_or(0);
            let there = self.replicas(place);
            // A number that `tombolo scale` chose holds until the file says another.
            let wanted = if was == service.replicas { there.len() } else { service.replicas };
            if let Some(count) = configured.get_mut(place) {
                *count = service.replicas;
            }
            let Some(old) = places.get_mut(place) else { continue };
            note_change(change, place, (old, was > 0), (&service, wanted), &there);
            *old = Service { replicas: there.len(), ..service };
        }
        for (place, service) in places.iter().enumerate() {
            let was = self.configured.get(place).copied().unwrap_or(0);
            if was > 0 && configured.get(place) == Some(&0) {
                change.removed.extend(self.replicas(place));
                change.told.push(told(service, "removed", Map::new()));
            }
        }
        for upstream in &mut next.upstreams {
            upstream.service = upstream.service.and_then(|place| moved.get(place).copied());
        }
        next.services = places;
        configured
    }

    /// Has the gateway listen where the configuration says; what it listens on already stays.
    fn move_listeners(&mut self, before: Before) -> Before {
        let Config { gateway, tcp, .. } = &self.config;
        let tcp: Vec<SocketAddr> = tcp.iter().flat_map(|tcp| tcp.listen.iter().copied()).collect();
        let (listen, admin) =
            (gateway.listen.clone(), gateway.admin.as_ref().map(|one| one.listen));
        let all = self.members.iter().flat_map(|member| member.all());
        let mut taken: Vec<SocketAddr> = all.map(|listener| listener.address).collect();
        let Some(member) = self.members.get_mut(self.gateway) else { return before };
        let before = Before {
            listeners: member.listeners.clone(),
            tcp: member.tcp.clone(),
            admin: member.admin.clone(),
            ..before
        };
        member.listeners = moved(&before.listeners, &listen, &mut taken);
        member.tcp = moved(&before.tcp, &tcp, &mut taken);
        let old: Vec<_> = before.admin.iter().cloned().collect();
        let new: Vec<_> = admin.into_iter().collect();
        member.admin = moved(&old, &new, &mut taken).pop();
        self.tell_gateway_its_addresses();
        before
    }

    fn point_all(&mut self) {
        (0..self.config.services.len()).for_each(|service| self.point_upstreams(service));
    }
}

/// Shows what came from the environment as the files have it.
fn mask(told: &mut Value, from: &FromEnvironment) {
    match told {
        Value::String(text) => *text = from.mask(text).into_owned(),
        Value::Array(list) => list.iter_mut().for_each(|one| mask(one, from)),
        Value::Object(members) => members.values_mut().for_each(|one| mask(one, from)),
        _ => {}
    }
}

/// What the gateway is given that no file says.
pub(super) fn given_to_the_gateway(config: &mut Config, data: &DataFolder) {
    let gateway = &mut config.gateway;
    gateway.orchestrator = Some(data.control_socket());
    gateway.admin_socket.get_or_insert_with(|| data.gateway_socket());
    if gateway.state_file == StateFile::Unsaid {
        gateway.state_file = StateFile::At(data.gateway_state());
    }
}

/// Notes what becomes of a service. `was`: as it was, and whether it was there.
fn note_change(
    change: &mut Change,
    place: usize,
    (old, was_there): (&Service, bool),
    (new, wanted): (&Service, usize),
    there: &[Id],
) {
    if wanted > there.len() {
        change.grown.push((place, there.len()..wanted));
    }
    change.leaving.extend(there.get(wanted..).unwrap_or_default());
    if !was_there {
        change.told.push(told(new, "added", Map::new()));
        return;
    }
    let mut fields = Map::new();
    let mut note = |key: &str, from: String, to: String| {
        if from != to {
            fields.insert(key.to_owned(), json!({ "from": from, "to": to }));
        }
    };
    let optional = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    let listen = |one: &Service| one.listen.unwrap_or_else(|| one.kind.first_address()).to_string();
    note("listen", listen(old), listen(new));
    let root = |one: &Service| optional(one.root.as_ref().map(|root| root.display().to_string()));
    note("root", root(old), root(new));
    let payments = |one: &Service| optional(one.payments.as_ref().map(ToString::to_string));
    note("payments", payments(old), payments(new));
    let number = |value: Option<u64>| optional(value.map(|value| value.to_string()));
    note("memory", number(old.memory), number(new.memory));
    note("open_files", number(old.open_files), number(new.open_files));
    // Whatever else there is or will be: never silent about a change.
    let Service { listen, root, payments, memory, open_files, replicas, .. } = new.clone();
    if (Service { listen, root, payments, memory, open_files, replicas, ..old.clone() }) != *new {
        note("settings", "before".to_owned(), "other".to_owned());
    }
    if !fields.is_empty() {
        change.changed.push(place);
    }
    if wanted != there.len() {
        let (from, to) = (there.len().to_string(), wanted.to_string());
        fields.insert("replicas".to_owned(), json!({ "from": from, "to": to }));
    }
    if fields.is_empty() {
        change.kept += 1;
    } else {
        change.told.push(told(new, "changed", fields));
    }
}

fn told(service: &Service, how: &str, fields: Map<String, Value>) -> Value {
    let mut members = Map::new();
    for (name, value) in [("what", "service"), ("name", service.kind.name), ("change", how)] {
        members.insert(name.to_owned(), value.into());
    }
    if !fields.is_empty() {
        members.insert("fields".to_owned(), fields.into());
    }
    members.into()
}

/// Listeners at these addresses: those of `old` that were told the same, the others new.
fn moved(old: &[Listener], wanted: &[SocketAddr], taken: &mut Vec<SocketAddr>) -> Vec<Listener> {
    let mut old = old.to_vec();
    let mut one = |wanted: &SocketAddr| {
        if let Some(place) = old.iter().position(|listener| listener.wanted == *wanted) {
            return old.remove(place);
        }
        let mut new = Listener::new(*wanted, true);
        if new.may_move() {
            new.address = ports::free_near(new.wanted, taken, 0).unwrap_or(new.wanted);
            taken.push(new.address);
        }
        new
    };
    wanted.iter().map(&mut one).collect()
}
