//! `tombolo gateway`: the reverse proxy and load balancer alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use tombolo_daemon::config::{self, BadHostPort, HostPort, Overrides};
use tombolo_daemon::exit::ExitCode;

use crate::{address, console};

const EXAMPLES: &str = "\
EXAMPLES
  tombolo gateway --upstream 127.0.0.1:9001 --upstream 127.0.0.1:9002
  tombolo gateway -c tombolo.toml
  tombolo gateway -c tombolo.toml --listen 0.0.0.0:80 --workers 2

SIGNALS
  Ctrl+C or SIGTERM drains: no new connections are taken and what is under way is finished, within
  [gateway.timeouts] drain. The same signal again ends at once. SIGHUP opens the access log anew.

OUTPUT
  The access log on standard output and in access.log unless the configuration says otherwise; the
  program log on standard error.";

const NOWHERE_TO_GO: &str = "\
there is no server to pass requests to
  name one:         tombolo gateway --upstream 127.0.0.1:9001
  or give a file:   tombolo gateway -c tombolo.toml";

/// The most threads that `--workers` takes, as many as a configuration file may ask for.
const WORKERS_MAX: i64 = 1024;

/// Run the gateway alone: reverse proxy and load balancer
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Configuration file; the other options override what it says
    #[arg(short, long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Where to listen: address and port, or a port of 127.0.0.1 [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    listen: Option<SocketAddr>,

    /// A server to pass every request to, HOST:PORT; several are taken in turn
    #[arg(long, value_name = "ADDR", value_parser = server)]
    upstream: Vec<HostPort>,

    /// File the access log is appended to
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    access_log: Option<PathBuf>,

    /// Threads that serve requests; 0 is one for each usable core [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=WORKERS_MAX))]
    workers: Option<u16>,
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { config: file, listen, upstream, access_log, workers } = arguments;
    let flags = Overrides {
        listen: listen.into_iter().collect(),
        upstreams: upstream,
        access_log,
        workers: workers.map(usize::from),
        data_dir: None,
    };
    let config = match file {
        Some(path) => match config::load(&path, &flags) {
            Ok(config) => config,
            Err(mistakes) => return console::refuse_configuration(&mistakes),
        },
        None => match config::builtin_gateway(&flags) {
            Some(config) => config,
            None => return console::wrong_usage(NOWHERE_TO_GO),
        },
    };
    if let Err(code) = console::start_program_log() {
        return code;
    }
    match tombolo_gateway::run(config) {
        Ok(()) => ExitCode::Success,
        Err(error) => console::fail(&error),
    }
}

/// Reads `--upstream`, with the hint that a configuration file would get.
fn server(text: &str) -> Result<HostPort, String> {
    text.parse().map_err(|error: BadHostPort| format!("{error}; {}", error.hint(text)))
}
