//! The servers that are compared, each with its gateway, if it has one, on one core.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{Case, client::Connection};
use crate::{
    cores::Placement,
    process::Process,
    servers::{NGINX, WithGateway, announced, free_address, reachable, write_configuration},
};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Side {
    /// A replica of the library
    Tombolo,
    /// The same through the gateway
    TomboloGateway,
    /// nginx: PUT by its DAV module, and static files
    Nginx,
    /// The same through our gateway
    NginxGateway,
    /// @tus/server on Node, with its store of files
    TusNode,
    /// rustus
    Rustus,
}

impl Side {
    /// In the order of a round.
    pub(super) const ALL: [Side; 6] = [
        Side::Tombolo,
        Side::TomboloGateway,
        Side::Nginx,
        Side::NginxGateway,
        Side::TusNode,
        Side::Rustus,
    ];

    /// The name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Side::Tombolo => "Tombolo's library",
            Side::TomboloGateway => "Tombolo's library, gateway",
            Side::Nginx => "nginx",
            Side::NginxGateway => "nginx, Tombolo's gateway",
            Side::TusNode => "@tus/server",
            Side::Rustus => "rustus",
        }
    }

    pub(super) fn is_ours(self) -> bool {
        matches!(self, Side::Tombolo | Side::TomboloGateway)
    }

    pub(super) fn has_gateway(self) -> bool {
        matches!(self, Side::TomboloGateway | Side::NginxGateway)
    }

    /// What a stored file survives.
    pub(super) fn durability(self) -> &'static str {
        if self.is_ours() {
            "loss of power: file synced, digest and offset in a synced database"
        } else {
            "end of the process; nothing is synced"
        }
    }

    /// The servers of tus are for uploads.
    pub(super) fn does(self, case: Case) -> bool {
        case != Case::Download || !matches!(self, Side::TusNode | Side::Rustus)
    }
}

/// Where other people's programs are.
pub(super) struct Rivals {
    pub(super) node: Option<PathBuf>,
    pub(super) rustus: Option<PathBuf>,
}

impl Rivals {
    pub(super) fn have(&self, side: Side) -> bool {
        match side {
            Side::TusNode => self.node.is_some(),
            Side::Rustus => self.rustus.is_some(),
            _ => true,
        }
    }
}

/// How files go up.
pub(super) enum Protocol {
    /// PUT.
    Dav,
    /// tus, below a path, by users with these tokens if there are any.
    Tus { path: &'static str, tokens: Vec<String> },
}

/// Running servers.
pub(super) struct Started {
    pub(super) servers: WithGateway,
    pub(super) protocol: Protocol,
}

/// Users that upload: a plan allows eight transfers at once to each, and clients are of many users.
const USERS: usize = 16;

pub(super) fn start(
    side: Side,
    tombolo: &Path,
    rivals: &Rivals,
    folder: &Path,
    placement: &Placement,
) -> Result<Started> {
    let cores = placement.server.as_slice();
    let service = match side {
        Side::Tombolo | Side::TomboloGateway => {
            announced(Process::start("the library", &library(tombolo, folder), cores)?)?
        }
        Side::Nginx | Side::NginxGateway => {
            let address = free_address()?;
            let process = Process::start("nginx", &nginx(folder, address)?, cores)?;
            reachable(process, address)?
        }
        Side::TusNode => {
            let node = rivals.node.as_deref().context("name a folder by --node")?;
            announced(Process::start("@tus/server", &tus_node(node, folder)?, cores)?)?
        }
        Side::Rustus => {
            let program = rivals.rustus.as_deref().context("name the program by --rustus")?;
            let address = free_address()?;
            let command = rustus(program, folder, address)?;
            reachable(Process::start("rustus", &command, cores)?, address)?
        }
    };
    let text = side.has_gateway().then(|| gateway(service.address));
    let protocol = match side {
        Side::Nginx | Side::NginxGateway => Protocol::Dav,
        Side::TusNode | Side::Rustus => Protocol::Tus { path: "/files", tokens: Vec::new() },
        Side::Tombolo | Side::TomboloGateway => {
            Protocol::Tus { path: "/library/api/uploads", tokens: users(service.address)? }
        }
    };
    let servers = WithGateway::start(service, text.as_deref(), (tombolo, folder), cores)?;
    Ok(Started { servers, protocol })
}

fn library(tombolo: &Path, folder: &Path) -> Command {
    let mut command = Command::new(tombolo);
    let database = format!("sqlite:{}", folder.join("library.db").display());
    let objects = format!("file:{}", folder.join("objects").display());
    command.args(["serve", "library", "--listen", "127.0.0.1:0", "--database", &database]);
    command.args(["--objects", &objects, "--replica", "library-1"]);
    command
}

/// Registers users and logs them in.
fn users(address: SocketAddr) -> Result<Vec<String>> {
    let mut connection = Connection::open(address)?;
    let kind = "Content-Type: application/json\r\n";
    let password = "correct horse battery";
    let user = |number: usize| {
        let email = format!("user-{number}@example.org");
        let body = format!(r#"{{"email":"{email}","name":"User","password":"{password}"}}"#);
        connection.call(&format!("POST /library/api/users HTTP/1.1\r\n{kind}"), &body)?;
        let body = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
        let said =
            connection.call(&format!("POST /library/api/sessions HTTP/1.1\r\n{kind}"), &body)?;
        let said: serde_json::Value = serde_json::from_slice(&said).context("a session")?;
        let token = said.get("token").and_then(serde_json::Value::as_str);
        Ok(token.context("a session without a token")?.to_owned())
    };
    (0..USERS).map(user).collect()
}

/// One worker; files by the kernel and kept open, bodies to a file of the same file system, which is
/// then renamed.
fn nginx(folder: &Path, address: SocketAddr) -> Result<Command> {
    std::fs::create_dir(folder.join("files")).context("a folder for nginx")?;
    let path = write_configuration(folder, "nginx.conf", &nginx_configuration(folder, address))?;
    let mut command = Command::new(NGINX);
    command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(path);
    Ok(command)
}

fn nginx_configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    // A server started by root gives its workers to another user, who cannot enter the folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    format!(
        "{user}
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
error_log stderr crit;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    open_file_cache max=1000 inactive=1h;
    sendfile on;
    sendfile_max_chunk 2m;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_buffer_size 256k;
    server {{
        listen {address} backlog=4096 reuseport;
        root {folder};
        location /files/ {{ dav_methods PUT; }}
    }}
}}
"
    )
}

fn tus_node(node: &Path, folder: &Path) -> Result<Command> {
    let script = folder.join("tus.mjs");
    std::fs::write(&script, include_str!("tus.mjs")).context("writing a server's script")?;
    let files = folder.join("files");
    std::fs::create_dir(&files).context("a folder for @tus/server")?;
    let mut command = Command::new("node");
    command.arg(script).arg(node.join("node_modules")).arg(files);
    Ok(command)
}

/// One worker, and bodies of any size: it takes each into memory before it writes it.
fn rustus(program: &Path, folder: &Path, address: SocketAddr) -> Result<Command> {
    let (data, info) = (folder.join("data"), folder.join("info"));
    for folder in [&data, &info] {
        std::fs::create_dir(folder).context("a folder for rustus")?;
    }
    let mut command = Command::new(program);
    command.args(["--host", &address.ip().to_string(), "--port", &address.port().to_string()]);
    command.args(["--workers", "1", "--log-level", "ERROR", "--max-body-size", "4000000000"]);
    command.arg("--data-dir").arg(data).arg("--info-dir").arg(info).args(["--url", "/files"]);
    Ok(command)
}

fn gateway(service: SocketAddr) -> String {
    format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\nserved_by = false\n\
         [gateway.limits]\nbody_bytes = 0\n\
         [access_log]\nstdout = false\n\
         [[upstream]]\nname = \"files\"\nservers = [\"{service}\"]\n\
         [[route]]\npath = \"/\"\nupstream = \"files\"\n"
    )
}
