//! `tombolo serve SERVICE`: one replica of one service, a file for each.

mod calculator;
mod chat;
mod library;
mod payments_sandbox;
mod site;

use std::time::Duration;

use clap::{Args, Subcommand};
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::shutdown::{Shutdown, Signals};

use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo serve site --listen 127.0.0.1:9101 --replica site-1
  tombolo serve calculator --listen 127.0.0.1:9201
  tombolo serve chat --listen 127.0.0.1:9301 --database sqlite:tombolo-data/tombolo.db
  tombolo serve library --listen 127.0.0.1:9401";

/// For what is under way to finish once a signal came.
const DRAIN: Duration = Duration::from_secs(30);

/// Run one replica of one service
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
#[command(subcommand_value_name = "SERVICE", subcommand_help_heading = "Services")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    service: Service,

    #[command(flatten)]
    log: console::LogForm,
}

#[derive(Subcommand)]
enum Service {
    Site(site::Site),
    Calculator(calculator::Calculator),
    Chat(chat::Chat),
    Library(library::Library),
    PaymentsSandbox(payments_sandbox::PaymentsSandbox),
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    if let Service::Calculator(calculator::Calculator { evaluator: true, .. }) = arguments.service {
        return calculator::work();
    }
    if let Service::Library(library::Library { thumbnailer: true, .. }) = arguments.service {
        return library::make_thumbnail();
    }
    if let Service::Library(library::Library { measurer: true, .. }) = arguments.service {
        return library::read_length();
    }
    if let Err(code) = arguments.log.start() {
        return code;
    }
    if let Err(error) = crate::watch_memory() {
        return console::fail(&error);
    }
    match arguments.service {
        Service::Site(site) => site::run(site),
        Service::Calculator(calculator) => calculator::run(calculator),
        Service::Chat(chat) => chat::run(chat),
        Service::Library(library) => library::run(library),
        Service::PaymentsSandbox(sandbox) => payments_sandbox::run(sandbox),
    }
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
