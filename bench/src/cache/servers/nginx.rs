//! nginx's configuration as a cache: files sent by the kernel, kept open between requests, one
//! request upstream for simultaneous misses, no log.

use std::{net::SocketAddr, process::Command};

use anyhow::Result;
use rustix::process::{Resource, getrlimit};

use super::{STORED_GIB, Setup};
use crate::servers::{NGINX, write_configuration};

/// Files that are not stored responses, with room for connections.
const OTHER_FILES: u64 = 4_000;
/// Most files kept open where the system permits more than anybody needs.
const OPEN_FILES_MAX: u64 = 1_000_000;

pub(super) fn command(setup: &Setup<'_>, address: SocketAddr) -> Result<Command> {
    let path = write_configuration(setup.folder, "nginx.conf", &configuration(setup, address))?;
    let mut command = Command::new(NGINX);
    command.arg("-p").arg(setup.folder).arg("-e").arg("stderr").arg("-c").arg(path);
    Ok(command)
}

fn configuration(setup: &Setup<'_>, address: SocketAddr) -> String {
    let Setup { origin, folder, .. } = setup;
    let folder = folder.display();
    // A server started by root gives its workers to another user, who cannot enter the folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let files = getrlimit(Resource::Nofile).maximum.unwrap_or(OPEN_FILES_MAX).min(OPEN_FILES_MAX);
    let open = files.saturating_sub(OTHER_FILES).max(1);
    format!(
        "{user}
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
worker_rlimit_nofile {files};
error_log stderr crit;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache levels=1:2 keys_zone=stored:256m max_size={STORED_GIB}g
        inactive=1d use_temp_path=off;
    open_file_cache max={open} inactive=1h;
    open_file_cache_valid 1h;
    open_file_cache_min_uses 1;
    server_tokens off;
    sendfile on;
    sendfile_max_chunk 2m;
    tcp_nopush on;
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
            proxy_pass_header Server;
            proxy_pass_header Date;
            proxy_set_header Connection \"\";
            proxy_set_header Host $http_host;
            proxy_cache stored;
            proxy_cache_key $scheme$http_host$request_uri;
            proxy_cache_lock on;
            add_header Via \"1.1 nginx\";
            add_header X-Request-Id $request_id;
            add_header Cache-Status \"nginx; $upstream_cache_status\";
        }}
    }}
}}
"
    )
}
