//! How a process is started: its command line, what it is given beside that, and the gateway's
//! configuration.

use std::ffi::OsString;
use std::path::PathBuf;

use tombolo_daemon::config::{DatabaseUrl, Engine, ObjectsUrl};
use tombolo_daemon::memory::Bound;
use tombolo_services::Argument;

use super::Fleet;
use super::member::{Member, Role};
use crate::gateway_file;
use crate::ledger::STARTED_BY;
use crate::process::Surroundings;
use crate::supervisor::Id;

/// The name of the generated configuration in the data folder.
const GATEWAY_FILE: &str = "gateway.toml";

/// Of our environment, what a gateway needs more than others: to tell systemd that it serves.
const GATEWAY_VARIABLES: &[&str] = &["NOTIFY_SOCKET"];
/// And what a replica needs that connects to PostgreSQL: what the address leaves out, and whom it
/// trusts.
const POSTGRES_VARIABLES: &[&str] = &[
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGDATABASE",
    "PGAPPNAME",
    "PGOPTIONS",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

impl Fleet {
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
        self.write_payments_file(id)?;
        self.command_line(id).ok_or_else(|| "is not known".to_owned())
    }

    /// The command line of a process as it is now, after the program; None if it is not known.
    pub(super) fn command_line(&self, id: Id) -> Option<Vec<OsString>> {
        let member = self.members.get(id)?;
        match &member.role {
            Role::Gateway => {
                let path = self.data.generated(GATEWAY_FILE);
                Some(vec!["gateway".into(), "-c".into(), path.into()])
            }
            Role::Replica { kind, root, service, .. } => {
                let mut arguments: Vec<OsString> = vec!["serve".into(), kind.name.into()];
                for address in member.addresses() {
                    arguments.extend(["--listen".into(), address.to_string().into()]);
                }
                // A provider that people try things with has no name for its answers.
                if !kind.takes(Argument::PaymentEvents) {
                    arguments.extend(["--replica".into(), member.name.clone().into()]);
                }
                if let Some(root) = root {
                    arguments.extend(["--root".into(), root.into()]);
                }
                let database = self.config.database();
                if kind.has_database && database.engine() == Engine::Sqlite {
                    arguments.extend(["--database".into(), database.expose().into()]);
                }
                if kind.has_objects {
                    let objects = self.config.objects().to_string();
                    arguments.extend(["--objects".into(), objects.into()]);
                }
                if kind.takes(Argument::TrustGateways) {
                    // Whom the gateway believes, the service finds behind the gateway in the list.
                    for net in &self.config.gateway.trusted {
                        arguments.extend(["--trust".into(), net.to_string().into()]);
                    }
                }
                arguments.extend(self.payments(kind, *service));
                if kind.takes(Argument::ClientsInHeader) && !self.names_clients_to(*service) {
                    // Or clients could name themselves.
                    arguments.push("--distrust-loopback".into());
                }
                Some(arguments)
            }
        }
    }

    /// Whether each connection that the gateway passes on to a service begins with a PROXY protocol
    /// header of its own, and there is a way for them.
    fn names_clients_to(&self, service: usize) -> bool {
        let leads_here = |upstream: usize| {
            self.config.upstreams.get(upstream).is_some_and(|one| one.service == Some(service))
        };
        let mut ways = self.config.tcp.iter().filter(|tcp| leads_here(tcp.upstream)).peekable();
        ways.peek().is_some() && ways.all(|tcp| tcp.proxy_protocol_out.is_some())
    }

    /// What a process is given beside its command line: its bounds, and what does not stand on the
    /// command line because everybody can read that, such as a database's address with a password.
    pub(crate) fn surroundings(&self, id: Id) -> Surroundings {
        let mut environment = vec![(STARTED_BY, self.identity().into())];
        let Some(Member { role: Role::Replica { kind, service, .. }, .. }) = self.members.get(id)
        else {
            let (has_successors, passed_on) = (true, GATEWAY_VARIABLES.to_vec());
            let none = Surroundings::default();
            return Surroundings { environment, has_successors, passed_on, ..none };
        };
        let mut passed_on: Vec<&'static str> = Vec::new();
        let database = self.config.database();
        if kind.has_database && database.engine() == Engine::Postgres {
            environment.push((DatabaseUrl::VARIABLE, database.expose().into()));
            passed_on.extend(POSTGRES_VARIABLES);
        }
        if kind.has_objects && matches!(self.config.objects(), ObjectsUrl::Bucket(_)) {
            passed_on.extend(ObjectsUrl::VARIABLES);
        }
        let service = self.config.services.get(*service);
        let memory = service.and_then(|service| service.memory);
        let allocator = memory.map(Bound::environment).unwrap_or_default();
        environment.extend(allocator.into_iter().map(|(name, value)| (name, value.into())));
        let open_files = service.and_then(|service| service.open_files);
        Surroundings { environment, passed_on, memory, open_files, has_successors: false }
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
}
