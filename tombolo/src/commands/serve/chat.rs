//! `tombolo serve chat`.

use std::net::SocketAddr;

use clap::Args;
use ipnet::IpNet;
use tombolo_daemon::config::DatabaseUrl;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::process_name;
use tombolo_daemon::resources::raise_open_files;

use super::{DRAIN, serve};
use crate::{address, console};

const CHAT_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve chat                               on 127.0.0.1:9301, its log in tombolo-data
  tombolo serve chat --listen 9302                 a second replica of the same conversation
  TOMBOLO_DATABASE=postgres://... tombolo serve chat

SIGNALS
  Ctrl+C or SIGTERM drains: /health answers 503, readers are sent to other replicas, posts that
  were taken are written, within 30 seconds. The same signal again ends at once.";

/// The group chat: rooms whose messages every replica shows in the same order
#[derive(Args)]
#[command(after_help = CHAT_EXAMPLES)]
pub(super) struct Chat {
    /// Where to listen: address and port, or a port of 127.0.0.1; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    #[arg(default_value = "127.0.0.1:9301")]
    listen: SocketAddr,

    /// The database that all replicas share: sqlite:PATH on one machine, or
    /// postgres://USER@HOST/NAME. An address with a password belongs in the environment
    #[arg(long, value_name = "URL", env = DatabaseUrl::VARIABLE, hide_env_values = true)]
    #[arg(default_value = "sqlite:tombolo-data/tombolo.db")]
    database: String,

    /// Name of this replica, told in X-Replica [default: chat- and the process id]
    #[arg(long, value_name = "NAME")]
    replica: Option<String>,

    /// Messages kept in each room; 0 keeps all
    #[arg(long, value_name = "N", default_value_t = tombolo_chat::Options::HISTORY)]
    history: u64,

    /// Messages each second that one client may send; 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = tombolo_chat::Options::RATE)]
    rate: u32,

    /// Event streams and WebSockets that one client may have open; 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = tombolo_chat::Options::STREAMS)]
    streams: usize,

    /// A network of gateways whose X-Forwarded-For is believed; may be given several times
    #[arg(long = "trust", value_name = "CIDR")]
    trusted: Vec<IpNet>,

    /// Do not believe X-Forwarded-For of connections from this machine: other programs than a gateway
    /// connect from there
    #[arg(long)]
    distrust_loopback: bool,
}

pub(super) fn run(chat: Chat) -> ExitCode {
    process_name::set("chat");
    let Chat { listen, database, replica, history, rate, streams, trusted, distrust_loopback } =
        chat;
    // Not read by the reader of arguments, which would repeat a password that is in it.
    let database: DatabaseUrl = match database.parse() {
        Ok(database) => database,
        Err(error) => return console::wrong_usage(&format!("--database: {error}")),
    };
    let options = tombolo_chat::Options {
        listen,
        database,
        replica,
        history,
        rate,
        streams,
        trusted,
        trust_loopback: !distrust_loopback,
        drain: DRAIN,
    };
    let _ = raise_open_files();
    serve(|shutdown| tombolo_chat::run(options, shutdown))
}
