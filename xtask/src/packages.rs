//! Programs of other people that tests and measurements use: which Debian package brings each,
//! and how they get onto the machine.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::run::{on_path, run};

/// A program and the Debian package that brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

const fn need(program: &'static str, package: &'static str) -> Need {
    Need { program, package }
}

/// Programs that end-to-end tests run against the gateway.
pub(crate) const FOREIGN_CLIENTS: &[Need] = &[
    need("curl", "curl"),
    need("wrk", "wrk"),
    need("ab", "apache2-utils"),
    need("hey", "hey"),
    need("h2load", "nghttp2-client"),
    need("nc", "netcat-openbsd"),
    need("nginx", "nginx"),
    need("haproxy", "haproxy"),
    need("openssl", "openssl"),
    need("python3", "python3-venv"),
    need("node", "nodejs"),
    need("npm", "npm"),
    need("chromium", "chromium"),
    need("chromedriver", "chromium-driver"),
    need("promtool", "prometheus"),
    need("psql", "postgresql"),
    need("strace", "strace"),
    need("pgbouncer", "pgbouncer"),
    need("apt-get", "apt"),
    need("dpkg-deb", "dpkg"),
    need("wget", "wget"),
    need("aria2c", "aria2"),
    need("lftp", "lftp"),
    need("rclone", "rclone"),
];

/// What judges the unit among the examples.
pub(crate) const SERVICE_MANAGER: &[Need] = &[need("systemd-analyze", "systemd")];

/// Applications and their clients of the long form that Debian brings.
pub(crate) const APPLICATIONS: &[Need] = &[
    need("python3", "python3-venv"),
    need("npm", "npm"),
    need("docker-registry", "docker-registry"),
    need("skopeo", "skopeo"),
];

/// What unit tests start: the database server, and other people's programs that fetch files.
pub(crate) const UNIT: &[Need] = &[
    need("psql", "postgresql"),
    need("pgbouncer", "pgbouncer"),
    need("curl", "curl"),
    need("wget", "wget"),
    need("aria2c", "aria2"),
    need("lftp", "lftp"),
    need("rclone", "rclone"),
    need("unzip", "unzip"),
    need("pdftotext", "poppler-utils"),
    need("npm", "npm"),
    need("python3", "python3-venv"),
];

/// What fuzz targets are linked with.
pub(crate) const FUZZING: &[Need] = &[need("g++", "g++")];

/// What counts instructions, and what its library is generated with.
pub(crate) const COUNTING: &[Need] = &[need("valgrind", "valgrind")];

/// The rivals of the measurements, their load, and what ends children with their parent.
pub(crate) const MEASURING: &[Need] = &[
    need("nginx", "nginx"),
    need("haproxy", "haproxy"),
    need("varnishd", "varnish"),
    need(NCHAN, "libnginx-mod-nchan"),
    need("wrk", "wrk"),
    need("setpriv", "util-linux"),
];

/// Besides nginx: the tus server that runs on Node.
pub(crate) const MEASURING_TRANSFERS: &[Need] = &[
    need("nginx", "nginx"),
    need("node", "nodejs"),
    need("npm", "npm"),
    need("setpriv", "util-linux"),
];

/// What loads the library by its plan.
pub(crate) const JMETER: &[Need] = &[
    need("java", "default-jre-headless"),
    need("jmeter", "jmeter"),
    need("/usr/share/jmeter/lib/ext/ApacheJMeter_http.jar", "jmeter-http"),
];

/// A module of nginx is no program: it is there when its file is.
const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// What a measurement without rivals needs: only what ends children with their parent.
pub(crate) const MEASURING_ALONE: &[Need] = &[need("setpriv", "util-linux")];

/// What the measurement of posts needs besides.
pub(crate) const MEASURING_STORAGE: &[Need] =
    &[need("setpriv", "util-linux"), need("psql", "postgresql")];

/// Longest time for fetching the list of packages.
const UPDATE_LIMIT: Duration = Duration::from_secs(5 * 60);
/// Longest time for installing.
const INSTALL_LIMIT: Duration = Duration::from_secs(20 * 60);

impl Need {
    /// Whether the program is there. Debian's `python3` alone cannot make environments.
    pub(crate) fn is_met(self) -> bool {
        on_path(self.program) && (self.package != "python3-venv" || python_makes_environments())
    }
}

/// Those of `needs` that are not met.
pub(crate) fn missing(needs: &[Need]) -> Vec<Need> {
    let mut missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_met()).collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}

/// What is missing, in words that say how to get it.
pub(crate) fn advice(missing: &[Need]) -> String {
    let programs: Vec<&str> = missing.iter().map(|need| need.program).collect();
    let mut packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    packages.sort_unstable();
    packages.dedup();
    format!(
        "not installed: {}; on Debian: apt-get install {}",
        programs.join(", "),
        packages.join(" ")
    )
}

/// Installs what is missing where this is a Debian-like system and the caller is root.
///
/// # Errors
/// When the package manager fails. What cannot be installed here is no error: the step that needs
/// it says so.
pub(crate) fn install(needs: &[Need]) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        eprintln!("everything needed is installed");
        return Ok(());
    }
    if !on_path("apt-get") || !rustix::process::geteuid().is_root() {
        eprintln!("{}", advice(&missing));
        eprintln!("this is done here only on Debian-like systems and as root");
        return Ok(());
    }
    let mut packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    packages.sort_unstable();
    packages.dedup();
    let _guard = NoServices::begin()?;
    run(apt_get().arg("update"), UPDATE_LIMIT)?;
    let install = ["install", "--yes", "--no-install-recommends"];
    run(apt_get().args(install).args(packages), INSTALL_LIMIT)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn python_makes_environments() -> bool {
    let asked = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// While it lives, installed packages start no services: nginx, HAProxy and Varnish would
/// take ports.
struct NoServices {
    policy: Option<PathBuf>,
}

impl NoServices {
    /// Debian's own way: a policy that forbids it. One that is already there stays.
    fn begin() -> Result<NoServices> {
        let path = Path::new("/usr/sbin/policy-rc.d");
        if path.exists() {
            return Ok(NoServices { policy: None });
        }
        fs::write(path, "#!/bin/sh\nexit 101\n")
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(NoServices { policy: Some(path.to_owned()) })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.policy
            && let Err(error) = fs::remove_file(path)
        {
            eprintln!("xtask: remove {} by hand: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_each_package_once() {
        let needs = [need("no-such-a", "one"), need("no-such-b", "one"), need("sh", "dash")];
        let missing = missing(&needs);
        assert_eq!(
            advice(&missing),
            "not installed: no-such-a, no-such-b; on Debian: apt-get install one"
        );
    }
}
