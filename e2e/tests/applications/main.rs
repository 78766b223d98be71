//! Real applications that people run, installed by name, behind the gateway: as they stand, with a
//! cache, and with a `ttl` for all that does not speak of caching. Three run in CI, three in the long
//! form (`cargo xtask test --long applications`).
//!
//! Each application is a script in `programs` that starts it and prints where it listens, and a
//! script that uses it as its own client would and prints `all well`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test reports by panicking"
)]

mod apt;
mod django;
mod docker_registry;
mod jupyter;
mod node_red;

mod webdav;

use std::path::{Path, PathBuf};
use tombolo_e2e::{Foreign, Server, Setup, Tombolo};

/// What an operator may have written, from nothing to the boldest: `ttl` stores what says nothing.
const MODES: [(&str, &str); 3] = [
    ("without a cache", ""),
    ("with a cache", "[cache]\ndir = \"c\""),
    ("with a ttl", "[cache]\ndir = \"c\"\nttl = \"60s\""),
];

/// A script next to this file.
fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/applications/programs").join(name)
}

/// Where `cargo xtask test` keeps what it installs.
fn kept() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    target.parent().expect("a folder in the target folder").join("e2e")
}

/// Python of an environment below `target/e2e`.
fn python(environment: &str) -> Foreign {
    let python = kept().join(environment).join("bin/python");
    assert!(python.is_file(), "no {}: `cargo xtask test` makes it", python.display());
    Foreign::at(python)
}

/// Starts an application in `folder`; it prints `listening on ADDRESS`.
fn application(python: Foreign, script: &str, folder: &Path) -> (Server, String) {
    let server = python.arg(program(script)).folder(folder).serve();
    let address = server
        .stdout()
        .wait_for("its address", |line| line.strip_prefix("listening on ").map(str::to_owned));
    (server, address)
}

/// A gateway before it in one of the [`MODES`].
fn gateway(address: &str, cache: &str) -> Tombolo {
    let route = "[[route]]\npath = \"/\"\nupstream = \"app\"";
    Setup::to_addresses([address]).routes(&format!("{route}\n{cache}")).workers(2).start()
}

/// In every mode, with an application of its own: its client finds all well.
fn in_every_mode(start: impl Fn(&Path) -> (Server, String), client: impl Fn(&Path) -> Foreign) {
    for (mode, cache) in MODES {
        let folder = tempfile::tempdir().unwrap();
        let (_server, address) = start(folder.path());
        let gateway = gateway(&address, cache);
        let url = format!("http://{}", gateway.address());
        let finished = client(folder.path()).arg(url).folder(folder.path()).run();
        let said = format!("{mode}: {}\n{}", finished.stdout, finished.stderr);
        assert!(finished.code == Some(0) && said.contains("all well"), "{said}");
    }
}
