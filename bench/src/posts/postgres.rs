//! A PostgreSQL server of the measurement's own, with the settings that it comes with.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::Process;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// A running server. Dropped it ends.
pub(super) struct Postgres {
    folder: PathBuf,
    _process: Process,
}

impl Postgres {
    /// Makes a database in a folder of `parent` and serves it.
    pub(super) fn start(parent: &Path, cores: &[usize]) -> Result<Self> {
        let folder = parent.join("postgres");
        fs::create_dir(&folder)?;
        for path in [parent, &folder] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        let servant = servant()?;
        if let Some((user, group)) = servant {
            chown(&folder, Some(user), Some(group))?;
        }
        let data = folder.join("data");
        let mut initdb = command("initdb", servant)?;
        initdb.args(["--no-sync", "--auth=trust", "--username=tombolo", "--encoding=UTF8"]);
        initdb.args(["--locale=C", "-D"]).arg(&data).current_dir(&folder);
        let made = initdb.output().context("running initdb")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = command("postgres", servant)?;
        let socket = format!("unix_socket_directories={}", folder.display());
        server.arg("-D").arg(&data).args(["-c", "listen_addresses=", "-c", &socket]);
        let process = Process::start("PostgreSQL", &server, cores)?;
        let end = Instant::now() + PATIENCE;
        while UnixStream::connect(folder.join(".s.PGSQL.5432")).is_err() {
            if Instant::now() > end {
                bail!("PostgreSQL does not take connections");
            }
            thread::sleep(LOOK);
        }
        Ok(Self { folder, _process: process })
    }

    /// The address of its database.
    pub(super) fn url(&self) -> String {
        let folder = self.folder.display();
        format!("postgres://tombolo@localhost/postgres?host={folder}&sslmode=disable")
    }
}

/// A program of PostgreSQL's, run as somebody who is not root: it refuses to be.
fn command(program: &str, servant: Option<(u32, u32)>) -> Result<Command> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders = versions.map(|version| version.path().join("bin"));
    let path = folders.find_map(|folder| Some(folder.join(program)).filter(|path| path.exists()));
    let path = path.context("PostgreSQL is not installed: apt-get install postgresql")?;
    let Some((user, group)) = servant else { return Ok(Command::new(path)) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
    // The parent's death is heard anew after the user was changed.
    command.args(["--clear-groups", "--pdeathsig", "TERM", "--"]).arg(path);
    Ok(command)
}

/// Debian's `postgres`, or nobody, when this is root.
fn servant() -> Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    let found = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find_map(|fields| {
        let is_it = fields.first() == Some(&"postgres");
        is_it.then(|| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))).flatten()
    });
    Ok(Some(found.unwrap_or((65_534, 65_534))))
}
