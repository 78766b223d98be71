//! What `up` runs: each process with its name, its place in the order, its command line, its
//! addresses, and how one learns that it serves.
//!
//! Owns the addresses: those that nobody wrote, of replicas and of the admin listener, move to free
//! ports until they have served once, and the gateway's configuration follows. From then on all
//! stay where they are.
//!
//! | file | one idea |
//! |---|---|
//! | `fleet/member.rs`, `fleet/listener.rs` | one process, one address of it |
//! | `fleet/addresses.rs` | where they listen, and what stands in the way |
//! | `fleet/launch.rs` | how one is started |
//! | `fleet/payments.rs` | the payments sandbox, and what the library is told of it |
//! | `fleet/roster.rs` | which replicas there are to be, and who is in rotation |
//! | `fleet/change.rs` | another configuration in the place of the one in force |
//! | `fleet/found.rs` | what an earlier orchestrator left running |

mod addresses;
mod change;
mod found;
mod launch;
mod listener;
mod member;
mod payments;
mod roster;

use std::path::PathBuf;

use tombolo_daemon::config::Config;
use tombolo_services::{Argument, Protocol};

use crate::data_folder::DataFolder;
use crate::process::Probe;
use crate::supervisor::{Id, Process};
pub(crate) use change::Before;
use listener::Listener;
use member::{Member, Role};
pub(crate) use roster::{Place, Target};

/// The tiers: what is asked for answers is started before what asks.
const PROVIDERS: u8 = 0;
const REPLICAS: u8 = 1;
const GATEWAY: u8 = 2;

/// Every process, by its id in the supervisor.
#[derive(Debug)]
pub(crate) struct Fleet {
    config: Config,
    data: DataFolder,
    members: Vec<Member>,
    gateway: Id,
    /// Replicas of each service as the configuration has them, whatever was asked for since; 0 of one
    /// that a reload removed.
    configured: Vec<usize>,
}

impl Fleet {
    /// The processes of a configuration: every replica, then the gateway. `is_written`: the
    /// configuration comes from a file, so the admin listener stays where that says.
    pub(crate) fn new(config: Config, data: DataFolder, is_written: bool) -> Self {
        let mut config = config;
        change::given_to_the_gateway(&mut config, &data);
        let mut members = Vec::new();
        for (place, service) in config.services.iter().enumerate() {
            for index in 0..service.replicas {
                // The configuration was refused if a replica had no address.
                members.extend(Member::replica(place, service, index));
            }
        }
        let id = members.len();
        let gateway = &config.gateway;
        members.push(Member {
            name: "gateway".to_owned(),
            role: Role::Gateway,
            listeners: gateway.listen.iter().map(|at| Listener::new(*at, true)).collect(),
            tcp: config
                .tcp
                .iter()
                .flat_map(|tcp| tcp.listen.iter().map(|at| Listener::new(*at, is_written)))
                .collect(),
            admin: gateway.admin.as_ref().map(|admin| Listener::new(admin.listen, is_written)),
            tried: false,
            settled: false,
            wanted: true,
            in_rotation: true,
        });
        let configured = config.services.iter().map(|service| service.replicas).collect();
        Fleet { config, data, members, gateway: id, configured }
    }

    /// The plan for the supervisor, in the order of the ids.
    pub(crate) fn processes(&self) -> Vec<Process> {
        (0..self.members.len()).map(|id| self.process(id)).collect()
    }

    /// What the supervisor has to know of one.
    pub(crate) fn process(&self, id: Id) -> Process {
        match self.members.get(id).map(|member| &member.role) {
            Some(Role::Gateway) => Process { tier: GATEWAY, expendable: false },
            Some(Role::Replica { kind, .. }) if kind.takes(Argument::PaymentEvents) => {
                Process { tier: PROVIDERS, expendable: true }
            }
            _ => Process { tier: REPLICAS, expendable: true },
        }
    }

    /// The gateway's id.
    pub(crate) fn gateway(&self) -> Id {
        self.gateway
    }

    /// Ids in the order people are told about them: the gateway before what is behind it.
    pub(crate) fn by_importance(&self) -> impl Iterator<Item = Id> + '_ {
        let others = (0..self.members.len()).filter(|id| *id != self.gateway);
        std::iter::once(self.gateway).chain(others)
    }

    /// The configuration with the addresses as they are now.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// As it is called in the output.
    pub(crate) fn name(&self, id: Id) -> &str {
        self.members.get(id).map_or("", |member| member.name.as_str())
    }

    /// Whether this is the gateway.
    pub(crate) fn is_gateway(&self, id: Id) -> bool {
        id == self.gateway
    }

    /// Where it answers, one URL for each address.
    pub(crate) fn urls(&self, id: Id) -> Vec<String> {
        let Some(member) = self.members.get(id) else { return Vec::new() };
        let scheme = match &member.role {
            Role::Replica { kind, .. } if !kind.speaks_http() => "tcp",
            _ => "http",
        };
        let first = member.addresses().into_iter().map(|address| format!("{scheme}://{address}"));
        let tcp = member.tcp.iter().map(|own| format!("tcp://{}", own.address));
        first.chain(tcp).collect()
    }

    /// What shows that it serves.
    pub(crate) fn probe(&self, id: Id) -> Probe {
        let Some(member) = self.members.get(id) else { return Probe::Listens(Vec::new()) };
        match (&member.role, member.listeners.first()) {
            (Role::Replica { kind, .. }, Some(listener)) => {
                let address = listener.address;
                match kind.protocol {
                    Protocol::Http { .. } => Probe::Healthy(address),
                    Protocol::Lines { asked, answer } => Probe::Answers { address, asked, answer },
                }
            }
            _ => {
                let tcp = member.tcp.iter().map(|own| own.address);
                Probe::Listens(member.addresses().into_iter().chain(tcp).collect())
            }
        }
    }

    /// Where the gateway's admin API answers its own user.
    pub(crate) fn gateway_socket(&self) -> PathBuf {
        self.config.gateway.admin_socket.clone().unwrap_or_else(|| self.data.gateway_socket())
    }

    /// Where what a process says on standard error is kept.
    pub(crate) fn log_file(&self, id: Id) -> PathBuf {
        self.data.log_file(self.name(id))
    }
}

#[cfg(test)]
mod tests;
