//! `tombolo library`: accounts of the library, and what `tombolo put` and `tombolo get` share.

mod admin;
mod login;
mod password;
pub(super) mod progress;
pub(super) mod tokens;

use std::io;

use clap::{Args, Subcommand};
use tombolo_daemon::exit::ExitCode;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo library admin create ana@example.org    asks for a password twice
  tombolo library login ana@example.org           for 'tombolo put' and 'tombolo get'";

/// Where a library is unless something else is said.
pub(super) const SERVER: &str = "http://127.0.0.1:8080";

/// Accounts of the library: make admins, log in
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Admin(admin::Arguments),
    #[command(name = "login")]
    LogIn(login::LogIn),
    #[command(name = "logout")]
    LogOut(login::LogOut),
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    match arguments.what {
        What::Admin(arguments) => admin::run(arguments),
        What::LogIn(arguments) => login::log_in(arguments),
        What::LogOut(arguments) => login::log_out(arguments),
    }
}

/// Runs what a command does to its end.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}
