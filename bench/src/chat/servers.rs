//! The sides of the comparison, started on one core.

use std::{net::SocketAddr, path::Path, process::Command};

use anyhow::Result;

use crate::{
    cores::Placement,
    process::Process,
    servers::{NGINX, WithGateway, announced, free_address, reachable, write_configuration},
};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Side {
    /// A replica of the chat, asked directly
    Chat,
    /// nginx with nchan, asked directly
    Nchan,
    /// A replica of the chat through the gateway
    ChatGateway,
    /// nginx with nchan through the gateway
    NchanGateway,
}

impl Side {
    /// In the order of a round.
    pub(super) const ALL: [Side; 4] =
        [Side::Chat, Side::Nchan, Side::ChatGateway, Side::NchanGateway];

    /// The name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Side::Chat => "Tombolo's chat",
            Side::Nchan => "nchan",
            Side::ChatGateway => "Tombolo's chat, gateway",
            Side::NchanGateway => "nchan, Tombolo's gateway",
        }
    }

    pub(super) fn is_ours(self) -> bool {
        matches!(self, Side::Chat | Side::ChatGateway)
    }

    fn has_gateway(self) -> bool {
        matches!(self, Side::ChatGateway | Side::NchanGateway)
    }

    /// Where the event stream is.
    pub(super) fn stream(self) -> &'static str {
        if self.is_ours() { "/chat/rooms/bench/events?after=0" } else { "/sub" }
    }

    /// Where to post.
    pub(super) fn post(self) -> &'static str {
        if self.is_ours() { "/chat/rooms/bench/messages" } else { "/pub" }
    }
}

pub(super) fn start(
    side: Side,
    tombolo: &Path,
    folder: &Path,
    placement: &Placement,
) -> Result<WithGateway> {
    let cores = placement.server.as_slice();
    let service = if side.is_ours() {
        let mut command = Command::new(tombolo);
        let database = format!("sqlite:{}", folder.join("chat.db").display());
        command.args(["serve", "chat", "--listen", "127.0.0.1:0", "--rate", "0", "--streams", "0"]);
        command.args(["--database", &database]);
        announced(Process::start("the chat", &command, cores)?)?
    } else {
        let address = free_address()?;
        let path = write_configuration(folder, "nginx.conf", &nchan(folder, address))?;
        let mut command = Command::new(NGINX);
        command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(path);
        reachable(Process::start("nginx", &command, cores)?, address)?
    };
    let text = side.has_gateway().then(|| gateway(service.address));
    WithGateway::start(service, text.as_deref(), (tombolo, folder), cores)
}

fn gateway(service: SocketAddr) -> String {
    format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\nserved_by = false\n\
         [access_log]\nstdout = false\n\
         [[upstream]]\nname = \"chat\"\nservers = [\"{service}\"]\n\
         [[route]]\npath = \"/\"\nupstream = \"chat\"\n"
    )
}

/// One worker, and as much history as our ring.
fn nchan(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    // A server started by root gives its workers to another user, who cannot enter the folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    format!(
        "load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
{user}
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
worker_rlimit_nofile 65536;
error_log stderr crit;
events {{ worker_connections 24576; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    tcp_nodelay on;
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
    nchan_max_reserved_memory 128M;
    nchan_message_buffer_length 1024;
    nchan_message_timeout 1h;
    server {{
        listen {address} backlog=4096 reuseport;
        location /pub {{ nchan_publisher; nchan_channel_id bench; }}
        location /sub {{ nchan_subscriber eventsource; nchan_channel_id bench; }}
    }}
}}
"
    )
}
