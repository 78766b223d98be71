//! `tombolo gateway`: the reverse proxy and load balancer alone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use tombolo_daemon::config::{
    self, BadCacheTtl, BadFlags, BadServerAddress, Overrides, ServerAddress,
};
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::logging::journal;
use tombolo_daemon::process_name;
use tombolo_gateway::Source;

use crate::{address, console};

const EXAMPLES: &str = "\
EXAMPLES
  tombolo gateway --upstream 127.0.0.1:9001 --upstream 127.0.0.1:9002
  tombolo gateway -c tombolo.toml
  tombolo gateway -c tombolo.toml --listen 0.0.0.0:80 --workers 2
  tombolo gateway --upstream 127.0.0.1:9001 --cache-ttl 60s --admin 127.0.0.1:8081

SIGNALS
  Ctrl+C or SIGTERM drains: no new connections are taken and what is under way is finished, within
  [gateway.timeouts] drain. The same signal again ends at once. SIGHUP reopens the access log and
  reads the configuration file again; one with mistakes changes nothing. SIGUSR2 starts a new
  process of the program, which takes this one's place without a connection refused.

OUTPUT
  The access log on standard output and in access.log unless the configuration says otherwise; the
  program log on standard error. What is known of servers is kept for the next start in
  gateway-state.json, or as `state_file` in [gateway] says.";

const NOWHERE_TO_GO: &str = "\
there is no server to pass requests to
  name one:         tombolo gateway --upstream 127.0.0.1:9001
  or give a file:   tombolo gateway -c tombolo.toml";

const ADMIN_WITHOUT_TOKEN: &str = "\
can be reached from other machines, and there is no admin token
  keep it here:     tombolo gateway --upstream 127.0.0.1:9001 --admin 127.0.0.1:8081
  or give a file:   tombolo gateway -c tombolo.toml, with admin_token_file in its [gateway]";

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

    /// A server to pass every request to, HOST:PORT or unix:PATH; several are taken in turn
    #[arg(long, value_name = "ADDR", value_parser = server)]
    upstream: Vec<ServerAddress>,

    /// Cache what may be stored and does not say how long it is fresh for this long, say 60s or
    /// 1h30m; a route's own ttl and 'cache = false' stay
    #[arg(long, value_name = "DUR", value_parser = ttl)]
    cache_ttl: Option<Duration>,

    /// Folder of the cache; alone it turns caching on, too [default: cache]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    cache_dir: Option<PathBuf>,

    /// Where to listen for status, metrics and purges: address and port, or a port of 127.0.0.1;
    /// other machines are let in only with a configured admin_token_file [default: nowhere]
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    admin: Option<SocketAddr>,

    /// File the access log is appended to
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    access_log: Option<PathBuf>,

    /// Threads that serve requests; 0 is one for each usable core [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=WORKERS_MAX))]
    workers: Option<u16>,

    #[command(flatten)]
    log: console::LogForm,
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Arguments {
        config: file,
        listen,
        upstream,
        cache_ttl,
        cache_dir,
        admin,
        access_log,
        workers,
        log,
    } = arguments;
    let flags = Overrides {
        listen: listen.into_iter().collect(),
        upstreams: upstream,
        access_log,
        workers: workers.map(usize::from),
        data_dir: None,
        cache_ttl,
        cache_dir,
        admin,
        payments_sandbox: false,
        in_journal: journal::is(&std::io::stdout()),
    };
    let source = Source { file, flags };
    let config = match &source.file {
        Some(path) => match config::load(path, &source.flags) {
            Ok(config) => config,
            Err(mistakes) => return console::refuse_configuration(&mistakes),
        },
        None => match config::builtin_gateway(&source.flags) {
            Ok(config) => config,
            Err(BadFlags::NoUpstream) => return console::wrong_usage(NOWHERE_TO_GO),
            Err(BadFlags::AdminWithoutToken(address)) => {
                return console::wrong_usage(&format!("{address} {ADMIN_WITHOUT_TOKEN}"));
            }
        },
    };
    process_name::set("gateway");
    if let Err(code) = log.start() {
        return code;
    }
    if let Err(error) = crate::watch_memory() {
        return console::fail(&error);
    }
    match tombolo_gateway::run(config, source) {
        Ok(()) => ExitCode::Success,
        Err(error) => console::fail(&error),
    }
}

/// Reads `--cache-ttl`.
fn ttl(text: &str) -> Result<Duration, BadCacheTtl> {
    Overrides::parse_cache_ttl(text)
}

/// Reads `--upstream`, with the hint that a configuration file would get.
fn server(text: &str) -> Result<ServerAddress, String> {
    text.parse().map_err(|error: BadServerAddress| format!("{error}; {}", error.hint(text)))
}
