//! What tests need from PyPI, npm and crates.io, kept under the target folder so that a clean
//! checkout stays clean and nothing is installed for the whole machine.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, anyhow};

use super::Context;

/// The version of Garage that the library is tested with.
const GARAGE: &str = "2.5.0";

/// Longest time for one installation, building from source included.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// A Python environment at `target/e2e/venv` with what clients and applications of the tests need.
pub(super) fn python_environment(context: &Context<'_>) -> Result<()> {
    let packages = ["websockets", "opentelemetry-proto", "prometheus-client"];
    let applications = ["wsgidav", "cheroot", "Django"];
    let uploads = ["tuspy", "aiotus", "moto[s3,server]", "schemathesis"];
    let import = "import websockets, opentelemetry.proto, prometheus_client, wsgidav, cheroot, \
                  django, tusclient, aiotus, moto.server, schemathesis";
    let all = [&packages[..], &applications, &uploads].concat();
    environment(context, "venv", &all, import)
}

/// What the applications of the long form need: Python's at `target/e2e/applications`, Node's at
/// `target/e2e/applications-node`.
pub(super) fn applications(context: &Context<'_>) -> Result<()> {
    let import = "import jupyterlab, ipykernel, websockets";
    environment(context, "applications", &["jupyterlab", "ipykernel", "websockets"], import)?;
    modules(context, "e2e/applications-node", &["node-red@4"])
}

fn environment(context: &Context<'_>, name: &str, packages: &[&str], import: &str) -> Result<()> {
    let folder = context.workspace.target().join("e2e").join(name);
    let python = folder.join("bin/python");
    let imports = Command::new(&python).args(["-c", import]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    context.run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), LIMIT)?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    context.run(Command::new(&python).args(install).args(packages), LIMIT)
}

/// Node's packages at `target/e2e/node_modules`: `ws` and `eventsource`, what uploads, what judges the
/// pages' accessibility, and Stripe's library, which judges the signatures of events.
pub(super) fn node_modules(context: &Context<'_>) -> Result<()> {
    let packages = ["ws", "eventsource", "axe-core", "tus-js-client@4", "stripe@23"];
    let uppy = ["@uppy/core@6", "@uppy/tus@6"];
    modules(context, "e2e", &[&packages[..], &uppy].concat())
}

fn modules(context: &Context<'_>, folder: &str, packages: &[&str]) -> Result<()> {
    let folder = context.workspace.target().join(folder);
    let is_there = |package: &&str| {
        // A name may begin with the sign: that of its publisher.
        let named = package.rsplit_once('@').filter(|(name, _version)| !name.is_empty());
        let name = named.map_or(*package, |(name, _version)| name);
        folder.join("node_modules").join(name).is_dir()
    };
    if packages.iter().all(is_there) {
        return Ok(());
    }
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let install = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix"];
    context.run(Command::new("npm").args(install).arg(&folder).args(packages), LIMIT)
}

/// The runner of the instruction counts, of the version that the library in `Cargo.lock` has: it
/// refuses any other.
pub(super) fn gungraun_runner(context: &Context<'_>) -> Result<PathBuf> {
    let version = locked_version(context, "gungraun")?;
    let root = context.workspace.target().join(format!("tools/gungraun-runner-{version}"));
    // It starts valgrind and reads what it writes: optimising it takes longer than it runs.
    let arguments = ["--debug", "gungraun-runner", "--version", &version];
    cargo_install(context, &arguments, &root, "gungraun-runner")?;
    Ok(root.join("bin/gungraun-runner"))
}

/// Garage, an object store, at `target/tools`; built with as little as it needs.
pub(super) fn garage(context: &Context<'_>) -> Result<PathBuf> {
    let root = context.workspace.target().join(format!("tools/garage-{GARAGE}"));
    let features = ["--no-default-features", "--features", "bundled-libs,sqlite"];
    let arguments = [&["garage", "--version", GARAGE][..], &features].concat();
    cargo_install(context, &arguments, &root, "garage")?;
    Ok(root.join("bin/garage"))
}

fn cargo_install(
    context: &Context<'_>,
    what: &[&str],
    root: &std::path::Path,
    program: &str,
) -> Result<()> {
    if root.join("bin").join(program).is_file() {
        return Ok(());
    }
    let mut install = context.workspace.cargo();
    install.args(["install", "--locked", "--quiet", "--root"]).arg(root).args(what);
    context.run(&mut install, LIMIT)
}

fn locked_version(context: &Context<'_>, package: &str) -> Result<String> {
    let lock = context.workspace.manifest("Cargo.lock".as_ref())?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let found = packages
        .into_iter()
        .flatten()
        .find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))
        .and_then(|entry| entry.get("version")?.as_str());
    found.map(str::to_owned).ok_or_else(|| anyhow!("Cargo.lock has no {package}"))
}
