//! `tombolo serve calculator`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::process_name;

use super::{DRAIN, serve};
use crate::{address, console};

const CALCULATOR_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve calculator                     on 127.0.0.1:9201
  tombolo serve calculator --listen 7070       where 'tombolo calc' looks for one
  printf 'EVAL 2+3*4\\n' | nc -N 127.0.0.1 9201  what it speaks (docs/protocols/calculator.md)

EVALUATORS
  Expressions beyond plain arithmetic are worked out by processes of this same program, each with
  at most 1 second of a core and 128 MiB for one expression, and without files, sockets or other
  programs. They end with the replica. Clients take turns at them by address (IPv6: /64).

SIGNALS
  Ctrl+C or SIGTERM drains: no new connections are taken, what was read is answered, each client
  is told 'BYE draining', all within 30 seconds. The same signal again ends at once.";

/// The calculator: exact arithmetic with variables and units, one line a request
#[derive(Args)]
#[command(after_help = CALCULATOR_EXAMPLES)]
pub(super) struct Calculator {
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

    /// A network of gateways that may name their clients in a PROXY protocol header; may be given
    /// several times
    #[arg(long = "trust", value_name = "CIDR")]
    trusted: Vec<IpNet>,

    /// Take no such header from this machine: other programs than a gateway connect from there
    #[arg(long)]
    distrust_loopback: bool,

    /// Be one of those processes, for a replica that started it
    #[arg(long, hide = true)]
    pub(super) evaluator: bool,
}

pub(super) fn run(calculator: Calculator) -> ExitCode {
    process_name::set("calc");
    let Calculator { listen, replica, evaluators, trusted, distrust_loopback, evaluator: _ } =
        calculator;
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
        trusted,
        trust_loopback: !distrust_loopback,
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

/// Is an evaluator: reads expressions and writes answers until its parent ends it.
pub(super) fn work() -> ExitCode {
    // Its standard output is its parent's, and it has nothing to log.
    match tombolo_calculator::work() {
        Ok(()) => ExitCode::Success,
        Err(error) => console::fail(&error),
    }
}
