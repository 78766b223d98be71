//! The configurations that are compared: each balancer told all it can be told about servers that
//! die, hang, are slow or fail.

use std::{net::SocketAddr, path::Path, process::Command};

use anyhow::Result;

use crate::{
    process::Process,
    servers::{self, Running},
};

/// A balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Balancer {
    /// The gateway
    Tombolo,
    /// The gateway told nothing but where its servers are and the path of their checks
    Plain,
    /// nginx, whose free form has passive checks only
    Nginx,
    /// HAProxy with active checks, observation of traffic, and retries
    Haproxy,
}

impl Balancer {
    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Balancer::Tombolo => "Tombolo",
            Balancer::Plain => "Tombolo, untuned",
            Balancer::Nginx => "nginx",
            Balancer::Haproxy => "HAProxy",
        }
    }

    /// Starts it before `replicas`, on `cores`.
    ///
    /// # Errors
    /// When it does not start; the message has its last words.
    pub(crate) fn start(
        self,
        tombolo: &Path,
        folder: &Path,
        replicas: &[SocketAddr],
        cores: &[usize],
    ) -> Result<Running> {
        let write = |name, text: &str| servers::write_configuration(folder, name, text);
        match self {
            Balancer::Tombolo | Balancer::Plain => {
                let text = match self {
                    Balancer::Plain => of_tombolo_untuned(replicas),
                    _ => of_tombolo(replicas),
                };
                let mut command = Command::new(tombolo);
                command.args(["gateway", "-c"]).arg(write("tombolo.toml", &text)?);
                servers::announced(Process::start(self.name(), &command, cores)?)
            }
            Balancer::Nginx => {
                let address = servers::free_address()?;
                let path = write("nginx.conf", &of_nginx(replicas, address, folder))?;
                let mut command = Command::new(servers::NGINX);
                command.arg("-p").arg(folder).args(["-e", "stderr", "-c"]).arg(path);
                servers::reachable(Process::start(self.name(), &command, cores)?, address)
            }
            Balancer::Haproxy => {
                let address = servers::free_address()?;
                let path = write("haproxy.cfg", &of_haproxy(replicas, address))?;
                let mut command = Command::new(servers::HAPROXY);
                command.arg("-db").arg("-f").arg(path);
                servers::reachable(Process::start(self.name(), &command, cores)?, address)
            }
        }
    }
}

/// Half a second for an answer to begin, then another server: the same for all three.
fn of_tombolo(replicas: &[SocketAddr]) -> String {
    let servers: Vec<String> = replicas.iter().map(SocketAddr::to_string).collect();
    format!(
        "[gateway]
listen = [\"127.0.0.1:0\"]
workers = 1
[access_log]
[[upstream]]
name = \"app\"
servers = {servers:?}
health = {{ path = \"/health\", interval = \"500ms\", timeout = \"400ms\", healthy = 2, unhealthy = 2 }}
ejection = {{ failures = 3, time = \"2s\" }}
slow_start = \"1s\"
retry_on = [\"500\", \"502-504\"]
timeouts = {{ connect = \"500ms\", first_byte = \"500ms\", total = \"5s\" }}
[[route]]
path = \"/\"
upstream = \"app\"
"
    )
}

/// Every default.
fn of_tombolo_untuned(replicas: &[SocketAddr]) -> String {
    let servers: Vec<String> = replicas.iter().map(SocketAddr::to_string).collect();
    format!(
        "[gateway]
listen = [\"127.0.0.1:0\"]
workers = 1
[access_log]
[[upstream]]
name = \"app\"
servers = {servers:?}
health = {{ path = \"/health\" }}
[[route]]
path = \"/\"
upstream = \"app\"
"
    )
}

fn of_nginx(replicas: &[SocketAddr], address: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let servers: String = replicas
        .iter()
        .map(|at| format!("        server {at} max_fails=1 fail_timeout=2s;\n"))
        .collect();
    format!(
        "{user}
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    upstream app {{
        zone app 64k;
{servers}        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address} backlog=4096;
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_max_temp_file_size 0;
            proxy_connect_timeout 500ms;
            proxy_read_timeout 500ms;
            proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;
            proxy_next_upstream_tries 3;
        }}
    }}
}}
"
    )
}

fn of_haproxy(replicas: &[SocketAddr], address: SocketAddr) -> String {
    let servers: String = replicas
        .iter()
        .enumerate()
        .map(|(n, at)| format!("    server s{n} {at} check observe layer7 pool-max-conn 128\n"))
        .collect();
    format!(
        "global
    nbthread 1
    maxconn 4096
    no strict-limits
defaults
    mode http
    no log
    timeout connect 500ms
    timeout client 75s
    timeout server 500ms
    timeout check 400ms
    retries 2
    option redispatch 1
    retry-on all-retryable-errors
frontend measured
    bind {address} backlog 4096
    default_backend app
backend app
    balance roundrobin
    http-reuse always
    option httpchk GET /health
    default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 2 error-limit 5 on-error mark-down
{servers}"
    )
}
