//! The table of commands: one file each, named as the user types it.

mod backup;
mod calc;
mod chat;
mod check;
mod completions;
mod drain;
mod gateway;
mod get;
mod library;
mod migrate;
mod purge;
mod put;
mod reload;
mod restart;
mod rollout;
mod scale;
mod schema;
mod serve;
mod status;
mod up;
mod why;

use clap::{Parser, Subcommand};

const ABOUT: &str = "Reverse proxy, load balancer, and the services behind it, in one binary.";

const MANUAL: &str = "\
EXAMPLES
  tombolo up                                     the gateway and the services behind it
  tombolo gateway --upstream 127.0.0.1:9001      proxy one server on 127.0.0.1:8080
  tombolo gateway -c tombolo.toml                the gateway as a file describes it
  tombolo calc '2+3*4'                           ask the calculator
  tombolo chat lobby                             talk in a room of the chat
  tombolo put film.mkv                           send a file to the library; resumes
  tombolo get ID                                 fetch an item of it; resumes
  tombolo check tombolo.toml                     every mistake in the file, without starting
  tombolo status                                 what a running gateway does
  tombolo reload                                 read its file again, losing nothing
  tombolo scale site 5                           five replicas of a service, while it serves
  tombolo restart site                           restart its replicas, one after the other
  tombolo purge http://example.org/page          take a page out of its cache
  tombolo backup /backups/monday                 a copy of what must not be lost, while it is used
  tombolo why http://example.org/page            which server is asked, what the cache does, why

OUTPUT
  Results go to standard output, everything else to standard error.

EXIT STATUS
  0  success
  1  failure
  2  wrong usage, or a configuration with mistakes

ENVIRONMENT
  TOMBOLO_LOG    what the program log tells, for example 'debug' or 'warn,tombolo_gateway=debug'
                 (default: info)
  TOMBOLO_LOG_FORMAT  the form of its lines: text or json (default: text)
  TOMBOLO_ADMIN  where the gateway's admin API is, as --admin: 10.0.0.5:8081, unix:/run/gateway.sock
  NO_COLOR       when set, no colour even on a terminal

'tombolo help COMMAND' tells more about a command.";

/// The arguments of the program.
#[derive(Parser)]
#[command(name = "tombolo", version, about = ABOUT, after_help = MANUAL)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Up(up::Arguments),
    Gateway(gateway::Arguments),
    Serve(serve::Arguments),
    Calc(calc::Arguments),
    Chat(chat::Arguments),
    Status(status::Arguments),
    Reload(reload::Arguments),
    Drain(drain::Drain),
    Undrain(drain::Undrain),
    Scale(scale::Arguments),
    Restart(restart::Arguments),
    Purge(purge::Arguments),
    Why(why::Arguments),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Check(check::Arguments),
    Migrate(migrate::Arguments),
    Library(library::Arguments),
    Put(put::Arguments),
    Get(get::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
}

impl Command {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> std::process::ExitCode {
        let code = match self {
            Command::Up(arguments) => return up::run(arguments),
            Command::Gateway(arguments) => gateway::run(arguments),
            Command::Serve(arguments) => serve::run(arguments),
            Command::Calc(arguments) => calc::run(&arguments),
            Command::Chat(arguments) => chat::run(arguments),
            Command::Status(arguments) => status::run(&arguments),
            Command::Reload(arguments) => reload::run(&arguments),
            Command::Drain(arguments) => drain::drain(&arguments),
            Command::Undrain(arguments) => drain::undrain(&arguments),
            Command::Scale(arguments) => scale::run(&arguments),
            Command::Restart(arguments) => restart::run(&arguments),
            Command::Purge(arguments) => purge::run(&arguments),
            Command::Why(arguments) => why::run(&arguments),
            Command::Backup(arguments) => backup::backup(arguments),
            Command::Restore(arguments) => backup::restore(arguments),
            Command::Check(arguments) => check::run(&arguments),
            Command::Migrate(arguments) => migrate::run(&arguments),
            Command::Library(arguments) => library::run(arguments),
            Command::Put(arguments) => put::run(arguments),
            Command::Get(arguments) => get::run(arguments),
            Command::Schema(arguments) => schema::run(&arguments),
            Command::Completions(arguments) => completions::run(&arguments),
        };
        code.into()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn definition_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in super::Cli::command().get_subcommands() {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("EXAMPLE"), "{} has no example", command.get_name());
        }
    }
}
