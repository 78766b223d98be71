//! `tombolo library`: what only those may do who can reach the library's database.

mod admin;

use clap::{Args, Subcommand};
use tombolo_daemon::exit::ExitCode;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo library admin create ana@example.org    asks for a password twice";

/// Look after the library: make admins
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Admin(admin::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    match arguments.what {
        What::Admin(arguments) => admin::run(arguments),
    }
}
