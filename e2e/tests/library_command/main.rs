//! `tombolo put`, `get` and `library`, through the gateway to three replicas that are killed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod accounts;
mod secure;
mod transfers;

use std::path::{Path, PathBuf};

use tombolo_e2e::{Foreign, Setup, Tombolo};

const PASSWORD: &str = "correct horse battery\n";

/// Three replicas that share a folder, and a gateway before them.
struct Library {
    replicas: Vec<Tombolo>,
    gateway: Tombolo,
    /// Dropped after the processes that use it.
    folder: tempfile::TempDir,
}

impl Library {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let replica = |number: usize| {
            let (database, objects) = places(folder.path());
            let name = format!("library-{number}");
            let arguments = ["serve", "library", "--listen", "0", "--replica", &name];
            let places = ["--database", &database, "--objects", &objects];
            Tombolo::start(&[&arguments[..], &places].concat()).listening()
        };
        let replicas: Vec<_> = (1..=3).map(replica).collect();
        let addresses = replicas.iter().map(|replica| replica.address().to_string());
        let gateway = Setup::to_addresses(addresses).start();
        Self { replicas, gateway, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command of ours as a user with a folder for configuration of their own.
    fn command(&self, arguments: &[&str]) -> Foreign {
        let program = Tombolo::program().args(arguments).folder(self.folder.path());
        program.env("XDG_CONFIG_HOME", self.path("config"))
    }

    /// The same with the address of the gateway.
    fn client(&self, arguments: &[&str]) -> Foreign {
        let server = self.gateway.url("");
        self.command(&[arguments, &["--server", server.trim_end_matches('/')]].concat())
    }

    /// Makes an admin and logs in.
    fn log_in(&self) {
        let (database, _) = places(self.folder.path());
        let create = ["library", "admin", "create", "ana@example.org", "--database", &database];
        let made = self.command(&create).input(PASSWORD).run().succeeded();
        assert!(made.contains("ana@example.org is an admin"), "{made}");
        let told = self.client(&["library", "login", "ana@example.org"]).input(PASSWORD);
        let told = told.run().succeeded();
        assert!(told.contains("is logged in"), "{told}");
    }
}

/// The database and the objects in a folder.
fn places(folder: &Path) -> (String, String) {
    let place = |kind: &str, name: &str| format!("{kind}:{}", folder.join(name).display());
    (place("sqlite", "library.db"), place("file", "objects"))
}
