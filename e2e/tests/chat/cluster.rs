//! Three replicas, the gateway before them, and whoever kills them.

use std::net::SocketAddr;

use tombolo_e2e::{Postgres, Tombolo};

pub(crate) struct Cluster {
    replicas: Vec<Tombolo>,
    gateway: Tombolo,
    configuration: String,
    postgres: Option<Postgres>,
    database: String,
    pub(crate) kills: usize,
    /// Dropped after the processes that use it.
    _folder: tempfile::TempDir,
}

impl Cluster {
    pub(crate) fn start(postgres: Option<Postgres>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let in_folder = || format!("sqlite:{}", folder.path().join("chat.db").display());
        let database = postgres.as_ref().map_or_else(in_folder, Postgres::url);
        let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let replicas: Vec<_> =
            (0..3).map(|index| replica(&database, index, anywhere).listening()).collect();
        let servers: Vec<String> =
            replicas.iter().map(|replica| format!("{:?}", replica.address().to_string())).collect();
        let configuration = |listen: SocketAddr| {
            let servers = servers.join(", ");
            format!(
                "[gateway]\nlisten = [\"{listen}\"]\nworkers = 1\n[access_log]\n\
                 [[upstream]]\nname = \"chat\"\nservers = [{servers}]\n"
            )
        };
        let gateway = Tombolo::gateway(&configuration(anywhere));
        let configuration = configuration(gateway.address());
        let (kills, _folder) = (0, folder);
        Self { replicas, gateway, configuration, postgres, database, kills, _folder }
    }

    pub(crate) fn gateway_address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Kills a replica with SIGKILL, and starts another in its place.
    pub(crate) fn kill_replica(&mut self, index: usize) {
        let address = self.replicas[index].address();
        self.replicas[index].kill();
        self.replicas[index] = replica(&self.database, index, address).listening();
        self.kills += 1;
    }

    /// Kills the gateway likewise.
    pub(crate) fn kill_gateway(&mut self) {
        self.gateway.kill();
        self.gateway = Tombolo::gateway(&self.configuration);
        self.kills += 1;
    }

    /// Crashes PostgreSQL and starts it again; it recovers from its log.
    pub(crate) fn crash_database(&mut self) {
        if let Some(postgres) = &mut self.postgres {
            postgres.crash_and_restart();
            self.kills += 1;
        }
    }
}

fn replica(database: &str, index: usize, listen: SocketAddr) -> Tombolo {
    let name = format!("chat-{}", index + 1);
    let listen = listen.to_string();
    let arguments = ["serve", "chat", "--listen", &listen, "--database", database];
    Tombolo::start(&[&arguments[..], &["--replica", &name, "--rate", "0"]].concat())
}
