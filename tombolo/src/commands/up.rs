//! `tombolo up`: the gateway and every replica of the services, as processes of their own.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use tombolo_daemon::exit::ExitCode;
use tombolo_orchestrator::{Error, Options, init};

use crate::{address, console};

const EXAMPLES: &str = "\
EXAMPLES
  tombolo up                                the gateway on 127.0.0.1:8080, the services behind it
  tombolo up --payments-sandbox             plans of the library can be tried; no money moves
  tombolo up --listen 0.0.0.0:80            reachable from other machines
  tombolo up -c tombolo.toml --data /var/lib/tombolo

PROCESSES
  A process that dies is started again at once, and less and less often while it keeps dying; a
  replica that dies ten times in a row is not started again before 'tombolo restart NAME'.
  Ctrl+C or SIGTERM drains: the gateway takes no new connections and finishes what is under way,
  then the replicas end. The same signal again ends all at once. SIGHUP has the gateway
  reopen its access log, and FILE is read again, as 'tombolo reload' does. If 'tombolo up' itself is
  killed, its processes end with it, unless [up] keep says that they go on and the next
  'tombolo up' takes them over; with it, SIGUSR2 ends 'tombolo up' alone.

OUTPUT
  The table of what runs where and the access log on standard output, everything else on standard
  error, each line behind the name of its process. A reader that goes away ends nothing.

FILES
  DATA/logs/NAME.log      what each process says on standard error; the older ones are NAME.log.1, ...
  DATA/run/gateway.sock   the gateway's admin API, for the same user
  DATA/run/gateway.toml   what the gateway was told, with every default filled in
  DATA/run/processes.json what runs, for the next 'tombolo up' should this one be killed
  DATA/run/up.lock        held while it runs: one 'tombolo up' for each data folder";

/// Start the gateway and the services, watch over them, and restart what dies
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Configuration file; without one, the gateway and three replicas each of the
    /// site, the chat, the library and the calculator
    #[arg(short, long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Folder for data [default: tombolo-data]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data: Option<PathBuf>,

    /// Where the gateway listens, in place of what is configured: address and port, or a port of
    /// 127.0.0.1 [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    listen: Option<SocketAddr>,

    /// Start a payments sandbox too, by which the library's plans can be tried: no money moves. With a
    /// file, write payments = "sandbox" there
    #[arg(long, conflicts_with = "config")]
    payments_sandbox: bool,

    #[command(flatten)]
    log: console::LogForm,
}

/// As process 1, the first of a container, it also has to attend to orphans.
pub(crate) fn run(arguments: Arguments) -> std::process::ExitCode {
    if !init::is_first_process() {
        return work(arguments).into();
    }
    match init::run() {
        Ok(code) => code.into(),
        Err(error) => console::fail(&error).into(),
    }
}

fn work(arguments: Arguments) -> ExitCode {
    let Arguments { config, data, listen, payments_sandbox, log } = arguments;
    let log_form = match log.form() {
        Ok(form) => form,
        Err(code) => return code,
    };
    let options =
        Options { config_file: config, data_dir: data, listen, payments_sandbox, log_form };
    match tombolo_orchestrator::run(options) {
        Ok(()) => ExitCode::Success,
        Err(Error::Configuration(mistakes)) => console::refuse_configuration(&mistakes),
        Err(error) => {
            console::say(&error.to_string());
            error.exit_code()
        }
    }
}
