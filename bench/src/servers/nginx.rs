//! nginx's configuration: one worker, kept connections both ways, buffers instead of temporary
//! files, a buffered log.

use std::{net::SocketAddr, process::Command};

use anyhow::Result;

use super::{LOG, Setup, write_configuration};

/// The program's name, as Debian installs it.
pub(crate) const PROGRAM: &str = "nginx";

/// The log line: the fields of the gateway's own.
const LOG_FORMAT: &str = "log_format json escape=json '{\
    \"time\":\"$time_iso8601\",\"request_id\":\"$request_id\",\
    \"client\":\"$remote_addr:$remote_port\",\"method\":\"$request_method\",\
    \"scheme\":\"$scheme\",\"host\":\"$http_host\",\"target\":\"$request_uri\",\
    \"protocol\":\"$server_protocol\",\"status\":$status,\"bytes_in\":$request_length,\
    \"bytes_out\":$bytes_sent,\"duration_ms\":$request_time,\
    \"upstream_ms\":\"$upstream_response_time\",\"backend\":\"$upstream_addr\",\
    \"attempts\":1,\"cache\":null,\"user_agent\":\"$http_user_agent\",\
    \"referer\":\"$http_referer\",\"error\":null}';";

pub(super) fn command(setup: &Setup<'_>, address: SocketAddr) -> Result<Command> {
    let path = write_configuration(setup.folder, "nginx.conf", &configuration(setup, address))?;
    let mut command = Command::new(PROGRAM);
    command.arg("-p").arg(setup.folder).arg("-e").arg("stderr").arg("-c").arg(path);
    Ok(command)
}

fn configuration(setup: &Setup<'_>, address: SocketAddr) -> String {
    let Setup { workers, origin, folder, .. } = setup;
    let folder = folder.display();
    // A server started by root gives its workers to another user, who cannot enter the folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let log = if setup.log {
        format!("{LOG_FORMAT}\n    access_log {folder}/{LOG} json buffer=64k flush=1s;")
    } else {
        "access_log off;".to_owned()
    };
    format!(
        "{user}
daemon off;
pid {folder}/nginx.pid;
worker_processes {workers};
worker_rlimit_nofile 20000;
error_log stderr crit;
events {{ worker_connections 24576; }}
http {{
    {log}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server_tokens off;
    tcp_nodelay on;
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
    upstream origin {{
        server {origin};
        keepalive 128;
        keepalive_requests 1000000000;
        keepalive_timeout 60s;
    }}
    server {{
        listen {address} backlog=4096 reuseport;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_buffer_size 16k;
            proxy_buffers 16 64k;
            proxy_busy_buffers_size 128k;
            proxy_max_temp_file_size 0;
            proxy_pass_header Server;
            proxy_pass_header Date;
            proxy_set_header Connection \"\";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header Forwarded \"for=$remote_addr;host=\\\"$http_host\\\";proto=$scheme\";
            proxy_set_header Via \"1.1 nginx\";
            proxy_set_header X-Request-Id $request_id;
            add_header Via \"1.1 nginx\";
            add_header X-Request-Id $request_id;
        }}
    }}
}}
"
    )
}
