//! `tombolo serve SERVICE`: one replica of one service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::shutdown::Signals;

use crate::{address, console};

const EXAMPLES: &str = "\
EXAMPLE
  tombolo serve site --listen 127.0.0.1:9101 --replica site-1";

const SITE_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve site                               the built-in page on 127.0.0.1:9101
  tombolo serve site --root public --listen 9200   the files below 'public'

SIGNALS
  Ctrl+C or SIGTERM drains: /health answers 503, no new connections are taken, what is under way
  is finished within 30 seconds. The same signal again ends at once.";

/// For what is under way to finish once a signal came.
const DRAIN: Duration = Duration::from_secs(30);

/// Run one replica of one service
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
#[command(subcommand_value_name = "SERVICE", subcommand_help_heading = "Services")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    service: Service,
}

#[derive(Subcommand)]
enum Service {
    Site(Site),
}

/// The static web application: files of a folder, or the built-in page
#[derive(Args)]
#[command(after_help = SITE_EXAMPLES)]
struct Site {
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

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    if let Err(code) = console::start_program_log() {
        return code;
    }
    match arguments.service {
        Service::Site(site) => serve_site(site),
    }
}

fn serve_site(site: Site) -> ExitCode {
    let Site { listen, root, replica } = site;
    let options = tombolo_site::Options { listen, root, replica, drain: DRAIN };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console::fail(&error),
    };
    let ended = runtime.block_on(async {
        let shutdown = match Signals::spawn() {
            Ok(shutdown) => shutdown,
            Err(error) => return console::fail(&error),
        };
        match tombolo_site::run(options, shutdown).await {
            Ok(()) => ExitCode::Success,
            Err(error) => console::fail(&error),
        }
    });
    // A file that still is being read on a slow disk is not waited for.
    runtime.shutdown_background();
    ended
}
