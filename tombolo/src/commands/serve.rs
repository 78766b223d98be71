//! `tombolo serve SERVICE`: one replica of one service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::shutdown::{Shutdown, Signals};

use crate::{address, console};

const EXAMPLES: &str = "\
EXAMPLES
  tombolo serve site --listen 127.0.0.1:9101 --replica site-1
  tombolo serve calculator --listen 127.0.0.1:9201";

const SITE_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve site                               the built-in page on 127.0.0.1:9101
  tombolo serve site --root public --listen 9200   the files below 'public'

SIGNALS
  Ctrl+C or SIGTERM drains: /health answers 503, no new connections are taken, what is under way
  is finished within 30 seconds. The same signal again ends at once.";

const CALCULATOR_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve calculator                     on 127.0.0.1:9201
  tombolo serve calculator --listen 7070       where 'tombolo calc' looks for one
  printf 'EVAL 2+3*4\\n' | nc -N 127.0.0.1 9201  what it speaks (docs/protocols/calculator.md)

EVALUATORS
  Expressions beyond plain arithmetic are worked out by processes of this same program, each with
  at most 1 second and 128 MiB for one expression. They end with the replica.

SIGNALS
  Ctrl+C or SIGTERM drains: no new connections are taken, what was read is answered, each client
  is told 'BYE draining', all within 30 seconds. The same signal again ends at once.";

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
    Calculator(Calculator),
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

/// The calculator: exact arithmetic with variables and units, one line a request
#[derive(Args)]
#[command(after_help = CALCULATOR_EXAMPLES)]
struct Calculator {
    /// Where to listen: address and port, or a port of 127.0.0.1; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    #[arg(default_value = "127.0.0.1:9201")]
    listen: SocketAddr,

    /// Name of this replica, told to who asks WHO [default: calculator- and the process id]
    #[arg(long, value_name = "NAME")]
    replica: Option<String>,

    /// Expressions worked out at once, in a process each; 0: one more than usable cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=256))]
    evaluators: u16,

    /// Be one of those processes, for a replica that started it
    #[arg(long, hide = true)]
    evaluator: bool,
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    if let Service::Calculator(Calculator { evaluator: true, .. }) = arguments.service {
        // Its standard output is its parent's, and it has nothing to log.
        return match tombolo_calculator::work() {
            Ok(()) => ExitCode::Success,
            Err(error) => console::fail(&error),
        };
    }
    if let Err(code) = console::start_program_log() {
        return code;
    }
    match arguments.service {
        Service::Site(site) => serve_site(site),
        Service::Calculator(calculator) => serve_calculator(calculator),
    }
}

fn serve_site(site: Site) -> ExitCode {
    let Site { listen, root, replica } = site;
    let options = tombolo_site::Options { listen, root, replica, drain: DRAIN };
    serve(|shutdown| tombolo_site::run(options, shutdown))
}

fn serve_calculator(calculator: Calculator) -> ExitCode {
    let Calculator { listen, replica, evaluators, evaluator: _ } = calculator;
    // Found by the kernel even if the file was replaced or removed since.
    let itself = PathBuf::from("/proc/self/exe");
    let program = match itself.exists() {
        true => Ok(itself),
        false => std::env::current_exe(),
    };
    let program = match program {
        Ok(program) => program,
        Err(error) => return console::fail(&error),
    };
    let options = tombolo_calculator::Options {
        listen,
        replica,
        evaluators: evaluators.into(),
        drain: DRAIN,
        program: tombolo_calculator::Program {
            path: program,
            arguments: ["serve", "calculator", "--evaluator"].map(Into::into).into(),
            // Or the allocator would take a gibibyte at the start, far more than is allowed.
            environment: vec![("MIMALLOC_ARENA_EAGER_COMMIT".into(), "0".into())],
        },
    };
    serve(|shutdown| tombolo_calculator::run(options, shutdown))
}

/// Runs a service until signals end it.
fn serve<E, F>(service: impl FnOnce(Shutdown) -> F) -> ExitCode
where
    E: std::error::Error,
    F: Future<Output = Result<(), E>>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console::fail(&error),
    };
    let ended = runtime.block_on(async {
        let shutdown = match Signals::spawn() {
            Ok(shutdown) => shutdown,
            Err(error) => return console::fail(&error),
        };
        match service(shutdown).await {
            Ok(()) => ExitCode::Success,
            Err(error) => console::fail(&error),
        }
    });
    // A file that still is being read on a slow disk is not waited for.
    runtime.shutdown_background();
    ended
}
