//! Where processes listen: addresses that nobody wrote move to free ports until they have served
//! once, and what stands in the way of the others is told.

use std::io;
use std::net::SocketAddr;

use super::Fleet;
use super::member::Role;
use crate::error::{CannotListen, Error};
use crate::supervisor::Id;
use crate::{listeners, ports};

impl Fleet {
    /// Refuses the start if an address that was asked for is taken; not by what was found again.
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub(crate) fn check_addresses(&self) -> Result<(), Error> {
        let unsettled = |id: &Id| self.members.get(*id).is_some_and(|member| !member.settled);
        let mut there = (0..self.members.len()).filter(unsettled);
        match there.find_map(|id| self.cannot_listen(id)) {
            Some(refusal) => Err(Error::Listen(Box::new(refusal))),
            None => Ok(()),
        }
    }

    /// Moves what has not served yet to addresses that are free.
    pub(super) fn choose_addresses(&mut self, id: Id) {
        let others = self.members.iter().enumerate().filter(|(other, _)| *other != id);
        let others = others.flat_map(|(_, member)| member.all());
        let mut taken: Vec<_> = others.map(|listener| listener.address).collect();
        let Some(member) = self.members.get_mut(id).filter(|member| !member.settled) else {
            return;
        };
        taken.extend(member.all().filter(|own| !own.may_move()).map(|own| own.address));
        for own in member.listeners.iter_mut().chain(&mut member.tcp).chain(&mut member.admin) {
            if own.may_move() {
                let skip = if member.tried { fastrand::u16(..ports::TRIED) } else { 0 };
                // With none free the start itself will say so.
                own.address = ports::free_near(own.wanted, &taken, skip).unwrap_or(own.wanted);
                taken.push(own.address);
            }
        }
        member.tried = true;
        if let Role::Replica { service, .. } = &member.role {
            let service = *service;
            self.point_upstreams(service);
        }
    }

    /// It has served where it is: from now on it stays there.
    pub(crate) fn settle(&mut self, id: Id) {
        if let Some(member) = self.members.get_mut(id) {
            member.settled = true;
        }
    }

    /// Has the gateway's configuration say where it is to listen.
    pub(super) fn tell_gateway_its_addresses(&mut self) {
        let Some(member) = self.members.get(self.gateway) else { return };
        self.config.gateway.listen = member.addresses();
        let tables = self.config.tcp.iter_mut().flat_map(|tcp| &mut tcp.listen);
        for (address, listener) in tables.zip(&member.tcp) {
            *address = listener.address;
        }
        if let (Some(admin), Some(listener)) = (&mut self.config.gateway.admin, &member.admin) {
            admin.listen = listener.address;
        }
    }

    /// The reason why a process that has ended could not have listened; None if there is none.
    pub(crate) fn cannot_listen(&self, id: Id) -> Option<CannotListen> {
        let member = self.members.get(id)?;
        member.all().filter(|listener| listener.pinned).find_map(|listener| {
            let address = listener.address;
            let source = ports::probe(address).err()?;
            let near = alternative_to(address, &source);
            let for_clients = member.listeners.iter().any(|own| own.address == address);
            let for_tcp = member.tcp.iter().any(|own| own.address == address);
            Some(CannotListen {
                name: match self.is_gateway(id) {
                    true if for_clients => "the gateway".to_owned(),
                    true if for_tcp => "the gateway's TCP listener".to_owned(),
                    true => "the gateway's admin listener".to_owned(),
                    false => member.name.clone(),
                },
                address,
                source,
                holder: listeners::holder(address),
                free: ports::free_near(near, &[address], 0),
                by_flag: self.is_gateway(id) && for_clients,
            })
        })
    }

    /// Whether a process that ended at its start was beaten to its port, and may take another.
    pub(crate) fn lost_its_port(&self, id: Id) -> bool {
        let unsettled = self.members.get(id).filter(|member| !member.settled);
        unsettled.is_some_and(|member| {
            member.all().any(|own| own.may_move() && ports::probe(own.address).is_err())
        })
    }
}

/// Where to look for an address that will do in place of this one.
fn alternative_to(address: SocketAddr, refusal: &io::Error) -> SocketAddr {
    let port = match refusal.kind() {
        // The customary ports for everybody: 80 becomes 8080, 443 becomes 8443.
        io::ErrorKind::PermissionDenied => address.port().saturating_add(8000),
        _ => address.port(),
    };
    SocketAddr::new(address.ip(), port)
}
