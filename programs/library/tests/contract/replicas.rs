//! Replicas on free ports, each on a thread and a runtime of its own, sharing one database.

use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use tombolo_daemon::shutdown::{Shutdown, Trigger};
use tombolo_e2e::{Postgres, eventually};
use tombolo_library::{Error, Settings, serve};
use tombolo_storage::{DatabaseUrl, ObjectsUrl};

use crate::client::request;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A database of a test's own.
pub(crate) struct Store {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: Option<Postgres>,
}

impl Store {
    pub(crate) fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    pub(crate) fn postgres() -> Option<Self> {
        let server = Postgres::start()?;
        Some(Self { folder: tempfile::tempdir().unwrap(), server: Some(server) })
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        match &self.server {
            Some(server) => server.url().parse().unwrap(),
            None => DatabaseUrl::of_file(&self.folder.path().join("library.db")),
        }
    }

    /// The settings of a replica on a free port.
    pub(crate) fn settings(&self) -> Settings {
        let objects = ObjectsUrl::of_folder(&self.folder.path().join("objects"));
        Settings::new("127.0.0.1:0".parse().unwrap(), self.url(), objects)
    }

    /// A replica, once it serves.
    pub(crate) fn replica(&self) -> Replica {
        self.replica_with(|_| {})
    }

    /// A replica with other settings.
    pub(crate) fn replica_with(&self, change: impl FnOnce(&mut Settings)) -> Replica {
        let mut settings = self.settings();
        settings.drain = PATIENCE;
        change(&mut settings);
        let replica = Replica::start(settings);
        eventually("a replica that serves", || {
            let is_over = replica.thread.as_ref().is_none_or(JoinHandle::is_finished);
            let is_there = || TcpStream::connect(replica.address).is_ok();
            let health = || request(replica.address, "GET", "/health", &[], b"").status;
            (is_over || (is_there() && health() == 200)).then_some(())
        });
        replica
    }
}

/// A running replica.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    pub(crate) trigger: Trigger,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Replica {
    /// Starts one, whatever becomes of it.
    pub(crate) fn start(settings: Settings) -> Self {
        let (trigger, shutdown) = Shutdown::by_hand();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let ended = runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(settings.listen).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                serve(listener, settings, shutdown).await
            });
            runtime.shutdown_background();
            ended
        });
        let address = told.recv_timeout(PATIENCE).unwrap();
        Self { address, trigger, thread: Some(thread) }
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> Result<(), Error> {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.trigger.now();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
