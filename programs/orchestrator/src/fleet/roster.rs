//! Which replicas there are to be, and which of them the gateway is told of.
//!
//! Replicas are numbered: growth takes the next numbers, shrinking the highest. A member once made
//! is kept and comes back under its number, so ids stay what they are and their count is bounded.

use std::net::SocketAddr;

use tombolo_daemon::config::{Server, Service};

use super::listener::Listener;
use super::{Fleet, Member, Role};
use crate::supervisor::Id;

/// What a name that an operator gives stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// All replicas of the service at this place of the configuration.
    Service(usize),
    /// One replica.
    Replica(Id),
    /// The gateway.
    Gateway,
}

/// A replica in the gateway's words: an upstream's name and a server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) upstream: String,
    pub(crate) server: String,
}

impl Fleet {
    /// What this name stands for; None if for nothing.
    pub(crate) fn target(&self, name: &str) -> Option<Target> {
        if name == self.name(self.gateway) {
            return Some(Target::Gateway);
        }
        if let Some(service) = self.service(name) {
            return Some(Target::Service(service));
        }
        let named = |member: &Member| member.wanted && member.name == name;
        self.members.iter().position(named).map(Target::Replica)
    }

    /// The place of the service of this name.
    pub(crate) fn service(&self, name: &str) -> Option<usize> {
        let named = self.services().find(|(_, service, _)| service.kind.name == name);
        named.map(|(place, _, _)| place)
    }

    /// The services in order: each with its place and the number of replicas it was configured with.
    pub(crate) fn services(&self) -> impl Iterator<Item = (usize, &Service, usize)> {
        let services = self.config.services.iter().zip(&self.configured).enumerate();
        let services = services.map(|(place, (service, configured))| (place, service, *configured));
        services.filter(|(_, _, configured)| *configured > 0)
    }

    /// The replicas of a service that are to be there, in the order of their numbers.
    pub(crate) fn replicas(&self, service: usize) -> Vec<Id> {
        let mut found: Vec<_> =
            self.of_service(service).filter(|(id, _)| self.is_wanted(*id)).collect();
        found.sort_unstable_by_key(|(_, index)| *index);
        found.into_iter().map(|(id, _)| id).collect()
    }

    /// Whether it is to be there.
    pub(crate) fn is_wanted(&self, id: Id) -> bool {
        self.members.get(id).is_some_and(|member| member.wanted)
    }

    /// The service a replica belongs to.
    pub(crate) fn service_of(&self, id: Id) -> Option<usize> {
        match self.members.get(id)?.role {
            Role::Replica { service, .. } => Some(service),
            Role::Gateway => None,
        }
    }

    /// Makes the replica of this number be wanted, outside of the rotation; gives its id, and
    /// whether it is new to the supervisor. None if there is no port for it.
    pub(crate) fn enlist(&mut self, service: usize, index: usize) -> Option<(Id, bool)> {
        let known = self.of_service(service).find(|(_, number)| *number == index);
        let (id, is_new) = match known {
            Some((id, _)) => {
                self.renew(id);
                (id, false)
            }
            None => {
                let member = Member::replica(service, self.config.services.get(service)?, index)?;
                self.members.push(member);
                (self.members.len() - 1, true)
            }
        };
        let member = self.members.get_mut(id)?;
        (member.wanted, member.in_rotation) = (true, false);
        Some((id, is_new))
    }

    /// Has a replica that does not run be what the configuration says now.
    pub(crate) fn renew(&mut self, id: Id) {
        let Some(Member { role: Role::Replica { service, index, .. }, .. }) = self.members.get(id)
        else {
            return;
        };
        let (place, index) = (*service, *index);
        let definition = self.config.services.get(place);
        let new = definition.and_then(|service| Member::replica(place, service, index));
        let (Some(new), Some(member)) = (new, self.members.get_mut(id)) else { return };
        member.role = new.role;
        let wanted = |member: &[Listener]| member.iter().map(|own| own.wanted).collect::<Vec<_>>();
        if wanted(&member.listeners) != wanted(&new.listeners) {
            (member.listeners, member.tried, member.settled) = (new.listeners, false, false);
        }
    }

    /// It is not wanted any more; where it listened may be taken by others.
    pub(crate) fn discharge(&mut self, id: Id) {
        if let Some(member) = self.members.get_mut(id) {
            (member.wanted, member.in_rotation, member.settled) = (false, false, false);
        }
        self.count(id);
    }

    /// Has the gateway's configuration name these, or not; the file is not written by this.
    pub(crate) fn rotate(&mut self, ids: &[Id], into: bool) {
        for id in ids {
            if let Some(member) = self.members.get_mut(*id) {
                member.in_rotation = into;
            }
            self.count(*id);
            if let Some(service) = self.service_of(*id) {
                self.point_upstreams(service);
            }
        }
    }

    /// Where the gateway knows this replica.
    pub(crate) fn places(&self, id: Id) -> Vec<Place> {
        let Some(server) = self.members.get(id).and_then(Member::server) else { return Vec::new() };
        let service = self.service_of(id);
        let upstreams = self.config.upstreams.iter();
        let upstreams =
            upstreams.filter(|upstream| upstream.service.is_some() && upstream.service == service);
        let place =
            |name: &String| Place { upstream: name.clone(), server: server.as_written.clone() };
        upstreams.map(|upstream| place(&upstream.name)).collect()
    }

    /// Has the upstreams made of this service know where its replicas are.
    pub(super) fn point_upstreams(&mut self, service: usize) {
        let replicas = self.replicas(service).into_iter();
        let members = replicas.filter_map(|id| self.members.get(id));
        let servers: Vec<_> =
            members.filter(|member| member.in_rotation).filter_map(Member::server).collect();
        let upstreams = self.config.upstreams.iter_mut();
        for upstream in upstreams.filter(|upstream| upstream.service == Some(service)) {
            upstream.servers.clone_from(&servers);
        }
    }

    /// Brings the number of a service's replicas up to date.
    fn count(&mut self, id: Id) {
        let Some(service) = self.service_of(id) else { return };
        let replicas = self.replicas(service).len();
        if let Some(service) = self.config.services.get_mut(service) {
            service.replicas = replicas;
        }
    }

    /// Each member of a service with its number, wanted or not.
    fn of_service(&self, wanted: usize) -> impl Iterator<Item = (Id, usize)> {
        self.members.iter().enumerate().filter_map(move |(id, member)| match member.role {
            Role::Replica { service, index, .. } if service == wanted => Some((id, index)),
            _ => None,
        })
    }
}

impl Member {
    /// As a server of an upstream.
    fn server(&self) -> Option<Server> {
        let address: SocketAddr = self.listeners.first()?.address;
        Some(Server::new(address.into()))
    }
}
