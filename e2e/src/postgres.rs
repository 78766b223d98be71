//! A PostgreSQL server of a test's own, in a temporary folder, reached through a socket there.

use crate::{Link, Output, eventually};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server. It ends with the test, and with the test's process however that ends.
pub struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    server: Option<Child>,
}

impl Postgres {
    /// A new server with an empty database.
    ///
    /// None, with a loud word, when PostgreSQL is not installed; where CI runs (`CI` is set), or
    /// with `TOMBOLO_NEEDS_POSTGRES`, that fails the test.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let words = "PostgreSQL is not installed: apt-get install postgresql";
            let must = ["CI", "TOMBOLO_NEEDS_POSTGRES"].map(std::env::var_os);
            assert!(must.iter().all(Option::is_none), "{words}");
            eprintln!("\n!!! NOT TESTED on PostgreSQL. {words}\n");
            return None;
        };
        let mut postgres = Self { folder: folder(), programs, server: None };
        let options = ["--no-sync", "--auth=trust", "--username=tombolo", "--encoding=UTF8"];
        let mut initdb = postgres.command("initdb");
        initdb.args(options).args(["--locale=C", "-D"]).arg(postgres.data());
        let made = initdb.output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        postgres.begin();
        Some(postgres)
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        let folder = self.folder.path().display();
        format!("postgres://tombolo@localhost/postgres?host={folder}&sslmode=disable")
    }

    /// Makes a further, empty database; its address.
    pub fn new_database(&self, name: &str) -> String {
        let mut createdb = self.command("createdb");
        createdb.args(["--username=tombolo", "--host"]).arg(self.folder.path()).arg(name);
        let made = createdb.output().expect("createdb runs");
        assert!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
        self.url().replace("/postgres?", &format!("/{name}?"))
    }

    /// The socket it listens on.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// The address of its database by way of a link to [`Postgres::socket`].
    pub fn url_by(link: &Link) -> String {
        format!("postgres://tombolo@{}/postgres?sslmode=disable", link.address())
    }

    /// What a query answers: its rows, one a line.
    pub fn query(&self, text: &str) -> String {
        let output = self.psql(text).stdout(Stdio::piped()).output().expect("psql runs");
        assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs a query while the test goes on.
    pub fn query_in_background(&self, text: &str) -> Child {
        self.psql(text).spawn().expect("psql runs")
    }

    fn psql(&self, text: &str) -> Command {
        let mut psql = self.command("psql");
        psql.args(["-XAtq", "--username=tombolo", "--dbname=postgres", "--host"]);
        psql.arg(self.folder.path()).arg("--command").arg(text);
        psql
    }

    /// Has this role give its password from now on; everybody else is let in without one.
    pub fn require_password(&self, role: &str) {
        let rules = format!("local all {role} scram-sha-256\nlocal all all trust\n");
        std::fs::write(self.data().join("pg_hba.conf"), rules).expect("ours");
        self.query("SELECT pg_reload_conf()");
    }

    /// An asynchronous standby of this server, following it.
    pub fn standby(&self) -> Self {
        let mut standby = Self { folder: folder(), programs: self.programs.clone(), server: None };
        let mut copy = standby.command("pg_basebackup");
        copy.args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf"]);
        copy.args(["--username=tombolo", "--host"]).arg(self.folder.path());
        copy.arg("--pgdata").arg(standby.data());
        let made = copy.output().expect("pg_basebackup runs");
        let words = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "pg_basebackup: {words}");
        standby.begin();
        standby
    }

    /// Has a standby hear nothing of its server any more.
    pub fn stop_following(&self) {
        self.query("ALTER SYSTEM SET primary_conninfo = ''");
        self.query("SELECT pg_reload_conf()");
        eventually("the standby to stop following", || {
            (self.query("SELECT count(*) FROM pg_stat_wal_receiver") == "0").then_some(())
        });
    }

    /// Makes a standby a server of its own.
    pub fn promote(&self) {
        assert_eq!(self.query("SELECT pg_promote()"), "t");
    }

    /// Stops every process of it, or lets them go on.
    pub fn freeze(&self, is_frozen: bool) {
        let signal = if is_frozen { Signal::STOP } else { Signal::CONT };
        let Some(server) = &self.server else { return };
        let parent = server.id();
        let children = format!("/proc/{parent}/task/{parent}/children");
        let children = std::fs::read_to_string(children).unwrap_or_default();
        let all = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        for pid in std::iter::once(parent.cast_signed()).chain(all).filter_map(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Ends it as a crash would, and starts it again.
    pub fn crash_and_restart(&mut self) {
        self.end(Signal::QUIT);
        self.begin();
    }

    /// Ends it as a crash would.
    pub fn crash(&mut self) {
        self.end(Signal::QUIT);
    }

    /// Starts it; returns once it takes connections.
    pub fn begin(&mut self) {
        let mut command = self.command("postgres");
        let socket = format!("unix_socket_directories={}", self.folder.path().display());
        let data = self.data();
        command.arg("-D").arg(&data).args(["-c", "listen_addresses=", "-c", &socket]);
        let mut server = command.stderr(Stdio::piped()).spawn().expect("postgres runs");
        let said = Output::collect(server.stderr.take().expect("piped"));
        self.server = Some(server);
        eventually("PostgreSQL", || said.text().contains("ready to accept").then_some(()));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of PostgreSQL's, run as somebody who is not root: it refuses to be.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some((user, group)) = servant() {
            command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
            command.arg("--clear-groups");
        }
        command.arg(self.programs.join(program)).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut server) = self.server.take() else { return };
        let pid = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process(pid.expect("a process number"), signal);
        let _ = server.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

/// A temporary folder that belongs to whoever runs the server.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a temporary folder");
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), all).expect("ours");
    if let Some((user, group)) = servant() {
        chown(folder.path(), Some(user), Some(group)).expect("root may give it away");
    }
    folder
}

/// Where PostgreSQL's programs are: Debian keeps them off the path, one folder for each version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    debian.chain(path).find(|folder| folder.join("initdb").exists())
}

/// Who runs the server when root runs the test: Debian's `postgres`, or nobody.
fn servant() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields
        .filter(|fields| fields.first() == Some(&"postgres"))
        .find_map(|fields| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)));
    Some(found.unwrap_or((65534, 65534)))
}
