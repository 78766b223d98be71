//! What `up` runs: each process with its name, its place in the order, its command line, its
//! addresses, and how one learns that it serves.
//!
//! Owns the addresses: those that nobody wrote, of replicas and of the admin listener, move to free
//! ports until they have served once, and the gateway's configuration follows. From then on all
//! stay where they are.

mod found;
mod listener;
mod roster;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tombolo_daemon::config::{Config, DatabaseUrl, Engine, Service, ServiceKind, StateFile};

use crate::data_folder::DataFolder;
use crate::error::{CannotListen, Error};
use crate::process::{Probe, Surroundings};
use crate::supervisor::{Id, Process};
use crate::{gateway_file, listeners, ports};
use listener::Listener;
pub(crate) use roster::{Place, Target};

/// The tiers: what is asked for answers is started before what asks.
const REPLICAS: u8 = 0;
const GATEWAY: u8 = 1;
/// The name of the generated configuration in the data folder.
const GATEWAY_FILE: &str = "gateway.toml";

/// Every process, by its id in the supervisor.
#[derive(Debug)]
pub(crate) struct Fleet {
    config: Config,
    data: DataFolder,
    members: Vec<Member>,
    gateway: Id,
    /// Replicas of each service as the configuration has them, whatever was asked for since.
    configured: Vec<usize>,
}

#[derive(Debug)]
struct Member {
    name: String,
    role: Role,
    /// Where it answers its clients.
    listeners: Vec<Listener>,
    /// Where the gateway takes connections that are not HTTP, `[[tcp]]` after `[[tcp]]`.
    tcp: Vec<Listener>,
    /// Where the gateway is administered.
    admin: Option<Listener>,
    /// It was started before; if it was beaten to a port, it looks elsewhere.
    tried: bool,
    /// It has served there, so it stays there.
    settled: bool,
    /// It is to be there: false once its service was scaled down below it.
    wanted: bool,
    /// The gateway is told of it.
    in_rotation: bool,
}

#[derive(Debug, Clone)]
enum Role {
    Gateway,
    Replica {
        kind: ServiceKind,
        /// Its place in the configuration: which service, and which of its replicas.
        service: usize,
        index: usize,
        root: Option<PathBuf>,
    },
}

impl Fleet {
    /// The processes of a configuration: every replica, then the gateway. `is_written`: the
    /// configuration comes from a file, so the admin listener stays where that says.
    pub(crate) fn new(config: Config, data: DataFolder, is_written: bool) -> Self {
        let mut config = config;
        config.gateway.orchestrator = Some(data.control_socket());
        config.gateway.admin_socket.get_or_insert_with(|| data.gateway_socket());
        if config.gateway.state_file == StateFile::Unsaid {
            config.gateway.state_file = StateFile::At(data.gateway_state());
        }
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

    /// The plan for the supervisor, in the order of the ids.
    pub(crate) fn processes(&self) -> Vec<Process> {
        (0..self.members.len()).map(|id| self.process(id)).collect()
    }

    /// What the supervisor has to know of one.
    pub(crate) fn process(&self, id: Id) -> Process {
        match self.is_gateway(id) {
            true => Process { tier: GATEWAY, expendable: false },
            false => Process { tier: REPLICAS, expendable: true },
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
            (Role::Replica { kind, .. }, Some(listener)) if kind.speaks_http() => {
                Probe::Healthy(listener.address)
            }
            (Role::Replica { kind: ServiceKind::Calculator, .. }, Some(listener)) => {
                let address = listener.address;
                Probe::Answers { address, asked: b"PING\n", answer: b"OK pong\n" }
            }
            _ => {
                let tcp = member.tcp.iter().map(|own| own.address);
                Probe::Listens(member.addresses().into_iter().chain(tcp).collect())
            }
        }
    }

    /// It has served where it is: from now on it stays there.
    pub(crate) fn settle(&mut self, id: Id) {
        if let Some(member) = self.members.get_mut(id) {
            member.settled = true;
        }
    }

    /// Makes everything ready for a start of this process, and gives its command line.
    ///
    /// # Errors
    /// What stands in the way, in words.
    pub(crate) fn prepare(&mut self, id: Id) -> Result<Vec<OsString>, String> {
        self.choose_addresses(id);
        if id == self.gateway {
            self.tell_gateway_its_addresses();
            self.write_gateway_file()?;
        }
        self.command_line(id).ok_or_else(|| "is not known".to_owned())
    }

    /// Has the gateway's configuration say where it is to listen.
    fn tell_gateway_its_addresses(&mut self) {
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

    /// The command line of a process as it is now, after the program; None if it is not known.
    fn command_line(&self, id: Id) -> Option<Vec<OsString>> {
        let member = self.members.get(id)?;
        match &member.role {
            Role::Gateway => {
                let path = self.data.generated(GATEWAY_FILE);
                Some(vec!["gateway".into(), "-c".into(), path.into()])
            }
            Role::Replica { kind, root, .. } => {
                let mut arguments: Vec<OsString> = vec!["serve".into(), kind.name().into()];
                for address in member.addresses() {
                    arguments.extend(["--listen".into(), address.to_string().into()]);
                }
                arguments.extend(["--replica".into(), member.name.clone().into()]);
                if let Some(root) = root {
                    arguments.extend(["--root".into(), root.into()]);
                }
                let database = self.config.database();
                if kind.has_database() && database.engine() == Engine::Sqlite {
                    arguments.extend(["--database".into(), database.expose().into()]);
                }
                Some(arguments)
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

    /// Writes down what the gateway is to do now; gives the path.
    ///
    /// # Errors
    /// What the system said, in words.
    pub(crate) fn write_gateway_file(&self) -> Result<PathBuf, String> {
        let text = gateway_file::render(&self.config);
        let path = self.data.write_generated(GATEWAY_FILE, &text);
        path.map_err(|error| format!("could not be configured: {error}"))
    }

    /// What a process is given beside its command line: its bounds, and what does not stand on the
    /// command line because everybody can read that, such as a database's address with a password.
    pub(crate) fn surroundings(&self, id: Id) -> Surroundings {
        let Some(Member { role: Role::Replica { kind, service, .. }, .. }) = self.members.get(id)
        else {
            return Surroundings { has_successors: true, ..Surroundings::default() };
        };
        let mut environment = Vec::new();
        let database = self.config.database();
        if kind.has_database() && database.engine() == Engine::Postgres {
            environment.push((DatabaseUrl::VARIABLE, database.expose().into()));
        }
        let service = self.config.services.get(*service);
        let memory = service.and_then(|service| service.memory);
        if memory.is_some() {
            // Or the allocator takes a gibibyte at the start, and only then asks for what it needs.
            environment.push(("MIMALLOC_ARENA_EAGER_COMMIT", "0".into()));
        }
        let open_files = service.and_then(|service| service.open_files);
        Surroundings { environment, memory, open_files, has_successors: false }
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

    /// Moves what has not served yet to addresses that are free.
    fn choose_addresses(&mut self, id: Id) {
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

impl Member {
    /// A replica of a service; None if there is no port for it.
    fn replica(place: usize, service: &Service, index: usize) -> Option<Self> {
        let address = service.address(index)?;
        let (kind, root) = (service.name, service.root.clone());
        Some(Member {
            name: format!("{}-{}", kind.name(), index + 1),
            role: Role::Replica { kind, service: place, index, root },
            listeners: vec![Listener::new(address, service.listen.is_some())],
            tcp: Vec::new(),
            admin: None,
            tried: false,
            settled: false,
            wanted: true,
            in_rotation: true,
        })
    }

    /// Where it answers its clients now.
    fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|listener| listener.address).collect()
    }

    /// Every listener it has.
    fn all(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().chain(&self.tcp).chain(&self.admin)
    }
}

#[cfg(test)]
mod tests;
