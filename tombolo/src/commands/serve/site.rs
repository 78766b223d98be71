//! `tombolo serve site`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::process_name;

use super::{DRAIN, serve};
use crate::address;

const SITE_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve site                               the built-in page on 127.0.0.1:9101
  tombolo serve site --root public --listen 9200   the files below 'public'

SIGNALS
  Ctrl+C or SIGTERM drains: /health answers 503, no new connections are taken, what is under way
  is finished within 30 seconds. The same signal again ends at once.";

/// The static web application: files of a folder, or the built-in page
#[derive(Args)]
#[command(after_help = SITE_EXAMPLES)]
pub(super) struct Site {
    /// Where to listen: address and port, or a port of 127.0.0.1; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    #[arg(default_value = "127.0.0.1:9101")]
    listen: SocketAddr,

    /// Folder whose files are served; without it, the built-in page
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    root: Option<PathBuf>,

    /// Name of this replica, told in X-Replica [default: site- and the process id]
    #[arg(long, value_name = "NAME")]
    replica: Option<String>,
}

pub(super) fn run(site: Site) -> ExitCode {
    process_name::set("site");
    let Site { listen, root, replica } = site;
    let options = tombolo_site::Options { listen, root, replica, drain: DRAIN };
    serve(|shutdown| tombolo_site::run(options, shutdown))
}
